import { DEFAULT_REVIEW_PLAN } from '../../../core/hitl/default-plan.ts';
import { ReviewPolicy } from '../../../schemas/review-policy.ts';

test('the review of last resort asks everyone who may decide, for a day, and then blocks', () => {
  expect(ReviewPolicy.parse(DEFAULT_REVIEW_PLAN)).toEqual({
    levels: [{ reviewers: { roles: ['Owner', 'Admin', 'Reviewer'] }, withinMs: 86_400_000 }],
    outcome: 'block',
  });
});
