import type { ReviewPlan } from './review.ts';

/** The review of last resort: anyone who may decide, one day, then block. */
export const DEFAULT_REVIEW_PLAN: Readonly<ReviewPlan> = {
  levels: [{ reviewers: { roles: ['Owner', 'Admin', 'Reviewer'] }, withinMs: 86_400_000 }],
  outcome: 'block',
};
