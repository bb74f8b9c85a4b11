import type { ReviewPolicy } from '../../schemas/review-policy.ts';

/** A review as the decision opens it: the policy's plan with its defaults settled. */
export interface ReviewPlan extends ReviewPolicy {
  outcome: 'block' | 'allow';
}

export const DEFAULT_APPROVAL_TTL_MS = 3_600_000;

/** An approval given faster than this was hardly read. */
export const QUICK_APPROVAL_MS = 5_000;

export function planOf(review: ReviewPolicy): ReviewPlan {
  return { ...review, levels: [...review.levels], outcome: review.outcome ?? 'block' };
}
