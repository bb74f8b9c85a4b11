import type { LadderState } from '../core/hitl/ladder-state.ts';
import { withNote } from '../core/hitl/judgement.ts';
import { outcomeOf } from '../core/hitl/outcome.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import type { ReviewSummary } from '../db/queries/review-steps.ts';
import type { ReviewRow } from '../db/queries/reviews.ts';
import type { Review } from '../schemas/review.ts';

/** A review as the API shows it. */
export function reviewOf({
  plan,
  state,
  summary,
  createdAt,
  dueAt,
  expiresAt,
  decidedAt,
  approvalExpiresAt,
  consumedAt,
  actionDigest,
  storedDigest: _storedDigest,
  ...row
}: ReviewRow): Review {
  const ladder = JSON.parse(plan) as ReviewPlan;
  const { level, steps, votes = [], args = null, response = null, note } = JSON.parse(state) as LadderState;
  const { reasons, policy } = JSON.parse(summary) as ReviewSummary;
  return {
    ...row,
    outcome: outcomeOf(ladder, row.status),
    reasons: withNote(reasons, note),
    policy,
    level,
    plan: ladder,
    votes,
    steps,
    actionDigest: actionDigest === '' ? null : actionDigest,
    args,
    response,
    approval: approvalExpiresAt === null ? null : { expiresAt: approvalExpiresAt.toISOString(), consumedAt: consumedAt?.toISOString() ?? null },
    createdAt: createdAt.toISOString(),
    dueAt: dueAt?.toISOString() ?? null,
    expiresAt: expiresAt.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
  };
}
