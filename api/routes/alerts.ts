import type { EventRecord, WholeEventRecord } from '../../core/ledger/event-record.ts';
import { eventSubject } from '../../core/ledger/personal-fields.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { findAlert, handleAlert, listAlerts, listOpenAlerts, sealNote } from '../../db/queries/alerts.ts';
import type { AlertRow } from '../../db/queries/alerts.ts';
import { loadDecisionConfig } from '../../db/queries/decision-config.ts';
import { keysOf } from '../../db/subject-vault.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import { recordSealed } from '../../db/text-seal.ts';
import type { Alert, AlertStatus } from '../../schemas/alert.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { sealedAuditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import { judgementOf } from '../judgement-of.ts';
import { DecisionUnavailable } from '../governance-runtime.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';

type AlertRoutes = 'listAlerts' | 'getAlert' | 'acknowledgeAlert' | 'dismissAlert' | 'escalateAlert';

interface Handling {
  alertId: string;
  status: Exclude<AlertStatus, 'open'>;
  note: string | undefined;
}

export interface AlertRoutesOptions {
  vault: SubjectVault;
  runtime: Pick<GovernanceRuntime, 'conductReview'>;
  now: () => number;
}

export function alertRoutes({ vault, runtime, now }: AlertRoutesOptions): Handlers<AlertRoutes> {
  const { sql } = vault;
  const readAlert = async (orgId: string, alertId: string): Promise<AlertRow> => {
    const row = await findAlert(vault, { orgId, alertId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  /** Records what a person made of an open alert; whoever comes second is told who was first. */
  const handle = async ({ alertId, status, note }: Handling, { principal, requestId }: AuthenticatedFacts): Promise<AlertRow> => {
    const { orgId } = principal;
    const { memberId, via } = await voterOf(sql, principal);
    const alert = await readAlert(orgId, alertId);
    const { eventId } = alert;
    const isJudged = status === 'escalated' && alert.status === 'open';
    const defaultReview = isJudged ? (await loadDecisionConfig(sql, orgId))?.policy?.document.defaultReview : undefined;
    const read = async (): Promise<EventRecord | undefined> => (eventId === null ? undefined : (await openRecordedEvent(vault, { orgId, eventId }))?.record);
    // What is said of an event belongs to those whom the event is about; an alert about the ledger is about nobody.
    const subject = (await read())?.holder ?? vault.refOf(orgId, eventSubject(eventId ?? ''));
    const isHandled = await recordSealed(
      vault,
      { orgId, subject },
      async () => {
        // Read for each try: what was erased meanwhile must not be sealed anew.
        const judged = isJudged ? judgeable(alert, await read()) : null;
        const opens = judged === null ? null : judgementOf(vault, { orgId, alert, note, record: judged, defaultReview, nowMs: now() });
        const isSealed = eventId !== null && note !== undefined;
        const sealed = isSealed ? sealNote(vault, orgId, { alertId, subject, text: note }) : null;
        const audit = sealedAuditEntry(vault, {
          orgId,
          type: `alert.${status}`,
          actor: `member:${memberId}`,
          target: alertId,
          requestId,
          details: { eventId, via, ...(isSealed ? {} : { note: note ?? null }), reviewId: opens?.review.id ?? null },
          subject,
          personal: isSealed ? { note } : {},
        });
        const keys = keysOf([{ keys: audit.keys ?? [] }, ...(opens === null ? [] : [opens]), ...(sealed === null ? [] : [sealed])]);
        return { opens: opens?.review ?? null, note: isSealed ? null : (note ?? null), audit: { ...audit, keys, ...(sealed && { noteSealed: sealed.text }) } };
      },
      (sealed) => handleAlert(sql, { orgId, alertId, status, memberId, ...sealed }),
    );
    const after = await readAlert(orgId, alertId);
    if (!isHandled) throw handledBefore(after);
    return after;
  };

  return {
    async listAlerts({ query: { limit = DEFAULT_PAGE_SIZE, cursor, status = 'open' } }, { principal: { orgId } }) {
      const filters = { status };
      const position = decodeCursor(cursor, 'string', { ...filters, list: 'alerts' });
      const rows =
        status === 'open'
          ? await listOpenAlerts(vault, { orgId, afterId: position, limit: limit + 1 })
          : await listAlerts(vault, { orgId, status, beforeId: position, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'alerts', filters, positionOf: ({ id }) => id, itemOf: alertOf }) };
    },

    async getAlert({ params: { id } }, { principal: { orgId } }) {
      return { status: 200, body: alertOf(await readAlert(orgId, id)) };
    },

    async acknowledgeAlert({ params: { id: alertId }, body: { note } }, request) {
      return { status: 200, body: alertOf(await handle({ alertId, status: 'acknowledged', note }, request)) };
    },

    async dismissAlert({ params: { id: alertId }, body: { note } }, request) {
      return { status: 200, body: alertOf(await handle({ alertId, status: 'dismissed', note }, request)) };
    },

    async escalateAlert({ params: { id: alertId }, body: { note } }, request) {
      const alert = await handle({ alertId, status: 'escalated', note }, request);
      if (alert.escalatedTo !== null) {
        // The review stands whether or not its run does: a vote, or its due time, starts one that is missing.
        await runtime.conductReview({ orgId: request.principal.orgId, reviewId: alert.escalatedTo }).catch((error: unknown) => {
          if (!(error instanceof DecisionUnavailable)) throw error;
        });
      }
      return { status: 200, body: alertOf(alert) };
    },
  };
}

/** Throws where there is nothing that people could judge. */
function judgeable({ eventId }: AlertRow, record: EventRecord | undefined): WholeEventRecord {
  if (eventId === null) throw new HttpProblem('conflict', { detail: 'this alert is about no event: there is nothing to judge' });
  if (record === undefined) throw new HttpProblem('conflict', { detail: 'the event is not on record any more: there is nothing to judge' });
  if (record.erased) throw new HttpProblem('conflict', { detail: 'the data of the event were erased: there is nothing to judge' });
  return record;
}

function handledBefore({ status: alertStatus, handledBy, handledAt }: AlertRow): HttpProblem {
  return new HttpProblem('alert-handled', {
    detail: `this alert is ${alertStatus}`,
    extras: { alertStatus, handledBy, handledAt: handledAt?.toISOString() ?? null },
  });
}

function alertOf({ reasons, createdAt, handledAt, ...row }: AlertRow): Alert {
  return { ...row, reasons: JSON.parse(reasons) as string[], createdAt: createdAt.toISOString(), handledAt: handledAt?.toISOString() ?? null };
}
