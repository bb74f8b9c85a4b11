import type { ReviewLevel } from '../../schemas/policy.ts';

/** A review as the decision opens it. */
export interface ReviewPlan {
  levels: ReviewLevel[];
  /** What stands when every level ran out of time. */
  outcome: 'block' | 'allow';
}
