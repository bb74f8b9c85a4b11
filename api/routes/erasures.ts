import { eventSubject, sessionSubject, userSubject } from '../../core/ledger/personal-fields.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { endErasure, eraseSubject, type ErasureRow, findErasure, listErasures } from '../../db/queries/erasures.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Erasure, ErasureInput, ErasureSubject } from '../../schemas/erasure.ts';
import type { JsonObject } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { auditRecord, type LedgerAppender } from '../ledger-appender.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

type ErasureRoutes = 'createErasure' | 'listErasures' | 'getErasure' | 'cancelErasure';

export interface ErasureRoutesOptions {
  vault: SubjectVault;
  runtime: GovernanceRuntime;
  ledger: LedgerAppender;
  /** Days that backups of the keys are kept. */
  backupDays: number;
}

/** What was asked for, the subject by its reference only. */
interface Asked {
  kind: ErasureRow['kind'];
  ref: string;
  details: JsonObject;
}

export function erasureRoutes({ vault, runtime, ledger, backupDays }: ErasureRoutesOptions): Handlers<ErasureRoutes> {
  const { sql } = vault;

  const readErasure = async (orgId: string, erasureId: string): Promise<Erasure> => {
    const row = await findErasure(sql, { orgId, erasureId });
    if (row === undefined) throw new HttpProblem('not-found');
    return erasureOf(row);
  };

  const askedFor = (orgId: string, { subject, legalGround, groundText, reference }: ErasureInput): Asked => {
    const { kind, name } = named(subject);
    const ref = vault.refOf(orgId, name);
    return { kind, ref, details: { subject: ref, kind, legalGround, groundText: groundText ?? null, reference: reference ?? null } };
  };

  /** Puts a refusal on record before it is answered. */
  const refuse = async (
    { details }: Asked,
    refusal: keyof typeof REFUSALS,
    { principal, requestId }: AuthenticatedFacts,
    extras: JsonObject = {},
  ): Promise<never> => {
    const audit = auditEntry({ type: 'erasure.refused', actor: requesterOf(principal), requestId, details: { ...details, refusal, ...extras } });
    await ledger.append(auditRecord(principal.orgId, audit));
    throw new HttpProblem('erasure-refused', { detail: REFUSALS[refusal], extras: { refusal, ...extras } });
  };

  return {
    async createErasure({ body }, request) {
      const { principal, requestId } = request;
      const { orgId } = principal;
      const asked = askedFor(orgId, body);
      const { kind, ref, details } = asked;
      const { legalGround: ground, groundText = null, reference = null } = body;
      if (ground === 'other' && groundText === null) return refuse(asked, 'no-legal-ground', request);
      if ('eventId' in body.subject) {
        const recorded = await openRecordedEvent(vault, { orgId, eventId: body.subject.eventId });
        if (recorded !== undefined && recorded.record.holder !== ref) return refuse(asked, 'kept-for-another', request);
      }
      const by = requesterOf(principal);
      const id = newId('era');
      const audit = auditEntry({ type: 'erasure.recorded', actor: by, target: id, requestId, details });
      const outcome = await eraseSubject(sql, { orgId, id, ref, kind, ground, groundText, reference, by, backupDays, audit });
      if (outcome.status === 'held') return refuse(asked, 'legal-hold', request, { holds: outcome.holds ?? [] });
      if (outcome.status === 'unknown' || outcome.id === null) return refuse(asked, 'nothing-held', request);
      // The other processes hear of it by themselves.
      vault.forget(orgId, ref);
      if (outcome.status === 'destroyed') await startSweep({ sql, runtime }, orgId, audit);
      await runtime.erase({ orgId, erasureId: outcome.id });
      const erasure = await readErasure(orgId, outcome.id);
      return outcome.status === 'exists'
        ? { status: 200, body: erasure }
        : { status: 202, body: erasure, headers: { Location: `/api/v1/audit/erasures/${outcome.id}` } };
    },

    async listErasures({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const beforeSeq = decodeCursor(cursor, 'number', { list: 'erasures' }) ?? Number.MAX_SAFE_INTEGER;
      const rows = await listErasures(sql, { orgId, beforeSeq, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'erasures', positionOf: ({ seq }) => seq, itemOf: erasureOf }) };
    },

    async getErasure({ params: { id } }, { principal: { orgId } }) {
      return { status: 200, body: await readErasure(orgId, id) };
    },

    async cancelErasure({ params: { id: erasureId } }, { principal, requestId }) {
      const { orgId } = principal;
      const { subject } = await readErasure(orgId, erasureId);
      const audit = auditEntry({ type: 'erasure.cancelled', actor: requesterOf(principal), target: erasureId, requestId, details: { subject: subject.ref } });
      // One that has ended stays as it is.
      await endErasure(sql, { orgId, erasureId, status: 'cancelled', historiesGoneAt: null, audit });
      await runtime.erase({ orgId, erasureId });
      return { status: 200, body: await readErasure(orgId, erasureId) };
    },
  };
}

const REFUSALS = {
  'no-legal-ground': 'the ground `other` needs `groundText`',
  'legal-hold': 'a legal hold covers data of this subject',
  'kept-for-another': 'the data of this event are kept for the user or the session that it names: erase those',
  'nothing-held': 'nothing was ever recorded for this subject',
} as const;

function named(subject: ErasureSubject): { kind: ErasureRow['kind']; name: string } {
  if ('user' in subject) return { kind: 'user', name: userSubject(subject.user) };
  if ('sessionId' in subject) return { kind: 'session', name: sessionSubject(subject.sessionId) };
  return { kind: 'event', name: eventSubject(subject.eventId) };
}

function erasureOf({ ref, kind, total, done, requestedAt, backupsExpireAt, historiesGoneAt, finishedAt, ...row }: ErasureRow): Erasure {
  // Looked at is not gone: the last hundredth is the end itself.
  const percent = row.status === 'completed' ? 100 : Math.min(99, total === 0 ? 0 : Math.floor((100 * done) / total));
  return {
    ...row,
    subject: { kind, ref },
    progress: { total, done, percent },
    requestedAt: requestedAt.toISOString(),
    backupsExpireAt: backupsExpireAt.toISOString(),
    historiesGoneAt: historiesGoneAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
