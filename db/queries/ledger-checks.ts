import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

/** What a verifier finds: docs/spec/ledger-v1.md. */
export interface LedgerFinding {
  code: string;
  ref: string;
  count: number;
}

export interface LedgerCheckRow {
  id: string;
  requestedBy: string;
  status: 'running' | 'finished' | 'cancelled';
  startedAt: Date;
  finishedAt: Date | null;
  total: number;
  done: number;
  size: number | null;
  checkpoint: number | null;
  missingBodies: number | null;
  findings: LedgerFinding[];
}

const columns = (tx: TransactionSql) => tx`
  id, requested_by as "requestedBy", status, started_at as "startedAt", finished_at as "finishedAt", total, done, size, checkpoint,
  missing_bodies as "missingBodies", findings`;

/** Newest first, from before `beforeId`. */
export function listLedgerChecks(
  sql: Sql,
  { orgId, beforeId, limit }: { orgId: string; beforeId: string | undefined; limit: number },
): Promise<LedgerCheckRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<LedgerCheckRow[]>`
    select ${columns(tx)} from ledger_check
    where org_id = ${orgId}
      ${beforeId === undefined ? tx`` : tx`and (started_at, id) < (select b.started_at, b.id from ledger_check b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by started_at desc, id desc limit ${limit}`,
  );
}

export function findLedgerCheck(sql: Sql, { orgId, checkId }: { orgId: string; checkId: string }): Promise<LedgerCheckRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [check] = await tx<LedgerCheckRow[]>`select ${columns(tx)} from ledger_check where org_id = ${orgId} and id = ${checkId}`;
    return check;
  });
}

/** Opens a check, or answers the id of the one that runs. */
export async function openLedgerCheck(sql: Sql, { orgId, checkId, requestedBy }: { orgId: string; checkId: string; requestedBy: string }): Promise<string> {
  const [row] = await sql<{ id: string }[]>`select open_ledger_check(${orgId}, ${checkId}, ${requestedBy}) as id`;
  return row?.id ?? checkId;
}

/** Notes how far a check has come and answers its status; undefined where there is no such check. */
export async function moveLedgerCheck(
  sql: Sql,
  { orgId, checkId, total, done }: { orgId: string; checkId: string; total: number; done: number },
): Promise<LedgerCheckRow['status'] | undefined> {
  const [row] = await sql<{ status: LedgerCheckRow['status'] | null }[]>`select move_ledger_check(${orgId}, ${checkId}, ${total}, ${done}) as status`;
  return row?.status ?? undefined;
}

export interface FinishedCheck {
  orgId: string;
  checkId: string;
  size: number;
  /** Number of the newest checkpoint that was verified; 0: there was none. */
  checkpoint: number;
  missingBodies: number;
  findings: readonly LedgerFinding[];
  /** Of the alert that is raised where the check before has not found the same. */
  alertId: string;
  /** What each finding says, in their order. */
  reasons: readonly string[];
  audit: AuditEntry;
}

/** False when the check does not run any more. See `finish_ledger_check` in migration 0017. */
export async function finishLedgerCheck(
  sql: Sql,
  { orgId, checkId, size, checkpoint, missingBodies, findings, alertId, reasons, audit }: FinishedCheck,
): Promise<boolean> {
  const [row] = await sql<{ finished: boolean }[]>`
    select finish_ledger_check(${orgId}, ${checkId}, ${size}, ${checkpoint}, ${missingBodies}, ${JSON.stringify(findings)}::text::jsonb, ${alertId},
                               ${sql.array([...reasons], 25)}::text[], ${auditParameter(audit)}::text::jsonb) as finished`;
  return row?.finished === true;
}

/** False when there is no such check or it has ended. */
export async function cancelLedgerCheck(sql: Sql, { orgId, checkId, audit }: { orgId: string; checkId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ cancelled: boolean }[]>`select cancel_ledger_check(${orgId}, ${checkId}, ${auditParameter(audit)}::text::jsonb) as cancelled`;
  return row?.cancelled === true;
}

/** Organisations by id, from behind `after`. */
export async function listLedgers(sql: Sql, { after, limit }: { after: string | null; limit: number }): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from organizations_with_ledger(${after}, ${limit}) as id`;
  return rows.map(({ id }) => id);
}
