import type { SweepCause } from '../../schemas/sweep.ts';
import type { Sql } from '../client.ts';

export interface RunningSweep {
  orgId: string;
  sweepId: string;
  cause: SweepCause;
}

/** Sweeps that have not ended, of every organisation, oldest first. */
export async function listRunningSweeps(sql: Sql, { limit }: { limit: number }): Promise<RunningSweep[]> {
  const rows = await sql<{ orgId: string; sweepId: string; cause: string }[]>`
    select org_id as "orgId", id as "sweepId", cause from running_sweeps(${limit})`;
  return rows.map(({ cause, ...row }) => ({ ...row, cause: JSON.parse(cause) as SweepCause }));
}

export interface OverdueReview {
  orgId: string;
  reviewId: string;
  eventId: string;
  kind: 'gate' | 'after';
}

/** Pending reviews whose level should have run out before then, of every organisation: nothing runs that would see to it. */
export async function listOverdueReviews(sql: Sql, { before, limit }: { before: Date; limit: number }): Promise<OverdueReview[]> {
  const rows = await sql<OverdueReview[]>`
    select org_id as "orgId", id as "reviewId", event_id as "eventId", kind from overdue_reviews(${before}, ${limit})`;
  return [...rows];
}

export interface RunningErasure {
  orgId: string;
  erasureId: string;
}

/** Erasures whose histories are not all gone, of every organisation, oldest first. */
export async function listRunningErasures(sql: Sql, { limit }: { limit: number }): Promise<RunningErasure[]> {
  return [...(await sql<RunningErasure[]>`select org_id as "orgId", id as "erasureId" from running_erasures(${limit})`)];
}
