import { ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import { canonicalize } from '../core/json/canonical.ts';
import type { Sql } from '../db/client.ts';
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
import { readVerified } from '../db/verify-ledger.ts';
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

/** Steps of a check of the own ledger. They only read, but for the check's own row and what it says in the end. */
export function createLedgerCheckActivities({ sql, batchSize = 50 }: LedgerCheckDeps) {
  /** What stands on record is what counts: another worker may have been quicker. */
  const outcome = async ({ orgId, checkId }: CheckAddress): Promise<CheckedLedger> => {
    const row = await findLedgerCheck(sql, { orgId, checkId });
    if (row === undefined) throw ApplicationFailure.nonRetryable('there is no such check', 'not-found');
    return { status: row.status, total: row.total, done: row.done, findings: row.findings.length };
  };

  return {
    /**
     * Verifies a ledger and says on record what was found. It tells how far it is with every page, and ends when the check was ended or the run is
     * cancelled. Nothing is kept of a try that breaks off: the next one reads from the beginning, so that no part is trusted unread.
     */
    async checkLedger(address: CheckAddress): Promise<CheckedLedger> {
      const { orgId, checkId } = address;
      const signal = cancellationSignal();
      try {
        const { entries, purgedBodies, checkpoint, findings } = await readVerified(sql, orgId, async (done, total) => {
          signal.throwIfAborted();
          heartbeat({ done, total });
          if ((await moveLedgerCheck(sql, { orgId, checkId, total, done })) !== 'running') throw new CheckEnded();
        });
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
      } catch (error) {
        if (!(error instanceof CheckEnded)) throw error;
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
