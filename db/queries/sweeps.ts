import type { SweepCause } from '../../schemas/sweep.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';
import type { ReviewRecordItem, ReviewRecordStatus } from './review-steps.ts';

export interface SweepRow {
  id: string;
  cause: SweepCause;
  status: 'running' | 'finished' | 'cancelled';
  total: number;
  done: number;
  startedAt: Date;
  finishedAt: Date | null;
}

/** Every sweep is named after the audit record of the change that caused it. */
export const sweepIdOf = ({ id }: AuditEntry): string => `swp_${id.replaceAll('-', '')}`;

export function findSweep(sql: Sql, { orgId, sweepId }: { orgId: string; sweepId: string }): Promise<SweepRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<(Omit<SweepRow, 'cause'> & { cause: string })[]>`
      select id, cause, status, total, done, started_at as "startedAt", finished_at as "finishedAt" from review_sweep
      where org_id = ${orgId} and id = ${sweepId}`;
    return row && { ...row, cause: JSON.parse(row.cause) as SweepCause };
  });
}

/** Where a sweep goes on: behind this review. */
export interface SweepPosition {
  createdAt: string;
  id: string;
}

export interface SweptReview {
  id: string;
  joinedTo: string | null;
  createdAt: Date;
}

export interface SweptQuery {
  orgId: string;
  sweepId: string;
  after?: SweepPosition | undefined;
  limit: number;
}

/** Pending reviews that the sweep still has to look at, oldest first. */
export function listSwept(sql: Sql, { orgId, sweepId, after, limit }: SweptQuery): Promise<SweptReview[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<SweptReview[]>`
    select q.id, q.joined_to as "joinedTo", q.created_at as "createdAt"
    from review_sweep s join review q on q.org_id = s.org_id
    where s.org_id = ${orgId} and s.id = ${sweepId} and q.org_id = ${orgId} and q.status = 'pending' and review_concerns(q, s)
      ${after === undefined ? tx`` : tx`and (q.created_at, q.id) > (${after.createdAt}, ${after.id})`}
    order by q.created_at, q.id limit ${limit}`,
  );
}

/** One group of reviews that are asked together: what is recorded of it, and how many reviews that is. */
export type SweepItem = ReviewRecordItem & { counts: number };

/** A review of which nothing changes but the configuration it was weighed against. */
export interface UnchangedReview {
  /** The review it is asked through, or itself. */
  leader: string;
  id: string;
  version: number;
  config_version: number;
}

/** Records a page in one statement. Answers per group, by its leader; null where the sweep does not run any more. */
export async function recordSwept(
  sql: Sql,
  { orgId, sweepId, items, same }: { orgId: string; sweepId: string; items: readonly SweepItem[]; same: readonly UnchangedReview[] },
): Promise<Map<string, ReviewRecordStatus> | null> {
  const rows = await sql<{ id: string; status: ReviewRecordStatus }[]>`
    select id, status from sweep_record(${orgId}, ${sweepId}, ${sql.array(
      items.map((item) => JSON.stringify(item)),
      25,
    )}::text[]::jsonb[], ${JSON.stringify(same)}::text::jsonb)`;
  if (rows.length === 0) return null;
  const statuses = new Map<string, ReviewRecordStatus>();
  // One stale review of a group is enough to look at the group again.
  for (const { id, status } of rows) if (statuses.get(id) !== 'stale') statuses.set(id, status);
  return statuses;
}

export async function finishSweep(sql: Sql, { orgId, sweepId, status }: { orgId: string; sweepId: string; status: 'finished' | 'cancelled' }): Promise<void> {
  await sql`select finish_sweep(${orgId}, ${sweepId}, ${status})`;
}

/** False when there is no such sweep or it has ended. */
export async function cancelSweep(sql: Sql, { orgId, sweepId, audit }: { orgId: string; sweepId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ cancelled: boolean }[]>`select cancel_sweep(${orgId}, ${sweepId}, ${auditParameter(audit)}::text::jsonb) as cancelled`;
  return row?.cancelled === true;
}
