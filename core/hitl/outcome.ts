import type { ReviewStatus } from '../../schemas/review.ts';
import { DEFAULT_APPROVAL_TTL_MS, type ReviewPlan } from './review.ts';

/** What the agent may do now; null while pending. */
export function outcomeOf(plan: ReviewPlan, status: ReviewStatus): 'allow' | 'block' | null {
  if (status === 'pending') return null;
  if (status === 'approved' || status === 'released') return 'allow';
  return status === 'expired' ? plan.outcome : 'block';
}

/** Until when an outcome of `allow` may be used; null for every other. Epoch milliseconds. */
export function approvalEndMs(plan: ReviewPlan, status: ReviewStatus, decidedAtMs: number): number | null {
  return outcomeOf(plan, status) === 'allow' ? decidedAtMs + (plan.approvalTtlMs ?? DEFAULT_APPROVAL_TTL_MS) : null;
}
