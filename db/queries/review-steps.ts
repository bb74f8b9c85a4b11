import type { LadderState } from '../../core/hitl/ladder.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import type { ReviewStatus } from '../../schemas/review.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** A review as its ladder needs it. */
export interface ReviewLadderRow {
  version: number;
  status: ReviewStatus;
  eventId: string;
  actionDigest: string;
  plan: ReviewPlan;
  state: LadderState;
  dueAtMs: number | null;
  expiresAtMs: number;
}

/** Undefined when the organisation has no such review. */
export function loadReviewLadder(sql: Sql, { orgId, reviewId }: { orgId: string; reviewId: string }): Promise<ReviewLadderRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<
      { version: number; status: ReviewStatus; eventId: string; actionDigest: string; plan: string; state: string; dueAt: Date | null; expiresAt: Date }[]
    >`
      select version, status, event_id as "eventId", action_digest as "actionDigest", plan, state, due_at as "dueAt", expires_at as "expiresAt"
      from review where org_id = ${orgId} and id = ${reviewId}`;
    if (row === undefined) return undefined;
    const { plan, state, dueAt, expiresAt, ...rest } = row;
    return {
      ...rest,
      plan: JSON.parse(plan) as ReviewPlan,
      state: JSON.parse(state) as LadderState,
      dueAtMs: dueAt?.getTime() ?? null,
      expiresAtMs: expiresAt.getTime(),
    };
  });
}

export interface ReviewStepInput {
  orgId: string;
  reviewId: string;
  /** Version of the row the step was computed from. */
  version: number;
  /** Derived from workflow and step, so that a retry is the same record. */
  stepId: string;
  body: string;
  fields: { reviewId: string; eventId: string; step: string; actor: string };
  status: ReviewStatus;
  state: LadderState;
  dueAtMs: number | null;
  expiresAtMs: number;
  /** Time of the step that closes the review; null while it stays pending. RFC 3339. */
  decidedAt: string | null;
}

/** `stale`: the row has moved on since it was read; `exists`: this very step was recorded before. One statement. */
export async function recordReviewStep(sql: Sql, step: ReviewStepInput): Promise<'recorded' | 'exists' | 'stale'> {
  const [row] = await sql<{ status: 'recorded' | 'exists' | 'stale' }[]>`
    select status from review_record(${step.orgId}, ${step.reviewId}, ${step.version}, ${step.stepId}, ${step.body}, ${JSON.stringify(step.fields)}::text::jsonb,
      ${step.status}, ${JSON.stringify(step.state)}, ${step.dueAtMs === null ? null : new Date(step.dueAtMs)}, ${new Date(step.expiresAtMs)}, ${step.decidedAt})`;
  if (row === undefined) throw new Error('review_record answered nothing');
  return row.status;
}
