import type { ReviewPolicy } from '../../schemas/review-policy.ts';
import { DEFAULT_REVIEW_PLAN } from './default-plan.ts';
import { planOf, type ReviewPlan } from './review.ts';

/**
 * How people judge what has happened already: by the ladder an organisation has for want of a better one. Nothing is let pass any more,
 * so silence is no approval, there are no arguments to change, and there is no hurry that would break a glass.
 */
export function judgementPlan(defaultReview: ReviewPolicy | undefined): ReviewPlan {
  const { allowEdit: _edit, breakGlass: _glass, ...plan } = planOf(defaultReview ?? DEFAULT_REVIEW_PLAN);
  return { ...plan, outcome: 'block' };
}

/** The reasons of a review with what whoever escalated the alert said, which is kept apart from them. */
export function withNote(reasons: readonly string[], note: string | undefined): string[] {
  const [first, ...others] = reasons;
  return note === undefined || first === undefined ? [...reasons] : [`${first}: ${note}`, ...others];
}
