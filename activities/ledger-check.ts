import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import { canonicalize } from '../core/json/canonical.ts';
import type { Finding } from '../core/ledger/verify/findings.ts';
import type { Sql } from '../db/client.ts';
import { isDatabaseAway } from '../db/errors.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import {
  cancelLedgerCheck,
  findLedgerCheck,
  finishLedgerCheck,
  type LedgerCheckRow,
  type LedgerFinding,
  listLedgers,
  moveLedgerCheck,
  openLedgerCheck,
} from '../db/queries/ledger-checks.ts';
import { recordId } from '../db/record-id.ts';
import { readVerified, UnreadableLedger, type VerifiedLedger } from '../db/verify-ledger.ts';
import { findingText } from './finding-text.ts';

export interface LedgerCheckDeps {
  sql: Sql;
  /** Organisations that are opened at once. */
  batchSize?: number;
}

export interface CheckAddress {
  orgId: string;
  checkId: string;
}

export type OpenedCheck = CheckAddress;

export interface CheckedLedger {
  status: LedgerCheckRow['status'];
  total: number;
  done: number;
  /** How many. */
  findings: number;
}

export type LedgerCheckActivities = ReturnType<typeof createLedgerCheckActivities>;

/** The check is over, whoever ended it. */
class CheckEnded extends Error {}

/** Half a minute of tries. Whoever can make a ledger unreadable must not keep its check, and those of the ledgers behind it, from their end. */
const MAX_TRIES = 6;

const UNREADABLE: Finding = { code: 'MALFORMED', ref: 'file:export.json', count: 1 };

/** Steps of a check of the own ledger. They only read, but for the check's own row and what it says in the end. */
export function createLedgerCheckActivities({ sql, batchSize = 50 }: LedgerCheckDeps) {
  /** What stands on record is what counts: another worker may have been quicker. */
  const outcome = async ({ orgId, checkId }: CheckAddress): Promise<CheckedLedger> => {
    const row = await findLedgerCheck(sql, { orgId, checkId });
    if (row === undefined) throw ApplicationFailure.nonRetryable('there is no such check', 'not-found');
    return { status: row.status, total: row.total, done: row.done, findings: row.findings.length };
  };

  const finish = async (address: CheckAddress, { entries, purgedBodies, checkpoint, findings }: Omit<VerifiedLedger, 'orgId'>): Promise<void> => {
    const { orgId, checkId } = address;
    await finishLedgerCheck(sql, {
      orgId,
      checkId,
      size: entries,
      checkpoint,
      missingBodies: purgedBodies,
      findings,
      alertId: `alr_${recordId(orgId, 'ledger-check', checkId).replaceAll('-', '')}`,
      reasons: findings.map(findingText),
      audit: checkedRecord(address, { size: entries, checkpoint, findings }),
    });
  };

  return {
    /**
     * Verifies a ledger and says on record what was found. It tells how far it is with every page, and ends when the check was ended or the run is
     * cancelled. Nothing is kept of a try that breaks off: the next one reads from the beginning, so that no part is trusted unread. One that cannot be
     * read however often is a finding.
     */
    async checkLedger(address: CheckAddress): Promise<CheckedLedger> {
      const { orgId, checkId } = address;
      const signal = cancellationSignal();
      try {
        const verified = await readVerified(sql, orgId, async (done, total) => {
          signal.throwIfAborted();
          heartbeat({ done, total });
          if ((await moveLedgerCheck(sql, { orgId, checkId, total, done })) !== 'running') throw new CheckEnded();
        });
        await finish(address, verified);
      } catch (error) {
        if (error instanceof CheckEnded) return outcome(address);
        if (signal.aborted || isDatabaseAway(error) || activityInfo().attempt < MAX_TRIES) throw error;
        const left = ApplicationFailure.nonRetryable('the ledger could not be verified', 'unverified');
        if (!isUnreadable(error)) throw left;
        await finish(address, { entries: 0, purgedBodies: 0, checkpoint: 0, findings: [UNREADABLE] }).catch((late: unknown) => {
          throw isDatabaseAway(late) ? late : left;
        });
      }
      return outcome(address);
    },

    /** Ends a check whose run was cancelled. */
    async endCheck({ orgId, checkId }: CheckAddress): Promise<void> {
      await cancelLedgerCheck(sql, { orgId, checkId, audit: auditRecord({ orgId, checkId }, 'ledger.check-cancelled', {}) });
    },

    /** Opens a check for every organisation of a page, or takes up the one that has been left running. */
    async openChecks({ batch, after }: { batch: string; after: string | null }): Promise<{ checks: OpenedCheck[]; next: string | null }> {
      const orgIds = await listLedgers(sql, { after, limit: batchSize });
      const checks: OpenedCheck[] = [];
      for (const orgId of orgIds) {
        const wanted = `chk_${recordId(orgId, 'ledger-check', batch).replaceAll('-', '')}`;
        checks.push({ orgId, checkId: await openLedgerCheck(sql, { orgId, checkId: wanted, requestedBy: 'system' }) });
      }
      return { checks, next: orgIds.length < batchSize ? null : (orgIds.at(-1) ?? null) };
    },
  };
}

/** Values that no ledger has, or that the database itself cannot read; not a plan that a migration has outdated. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof UnreadableLedger) return true;
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return typeof code === 'string' && /^(?:0A|22|XX)/.test(code) && routine !== 'RevalidateCachedQuery';
}

interface Found {
  size: number;
  checkpoint: number;
  findings: readonly LedgerFinding[];
}

function checkedRecord(address: CheckAddress, { size, checkpoint, findings }: Found): AuditEntry {
  const byCode: Record<string, number> = {};
  for (const { code, count } of findings) byCode[code] = (byCode[code] ?? 0) + count;
  return auditRecord(address, 'ledger.checked', { size, checkpoint, findings: byCode });
}

function auditRecord({ orgId, checkId }: CheckAddress, type: string, details: { [key: string]: number | Record<string, number> }): AuditEntry {
  const fields = { type, actor: 'system', target: checkId };
  return { id: recordId(orgId, type, checkId), body: canonicalize({ v: 1, ...fields, requestId: checkId, details }), fields };
}
