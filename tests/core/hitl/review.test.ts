import { planOf } from '../../../core/hitl/review.ts';
import { ReviewPolicy } from '../../../schemas/review-policy.ts';
import { level } from './ladders.ts';

test('a plan is the policy’s review with every setting kept, and blocks where the policy does not say', () => {
  const review = ReviewPolicy.parse({ levels: [level({ quorum: 'all' })], allowEdit: true, twoPerson: true, approvalTtlMs: 500 });
  expect(planOf(review)).toEqual({ ...review, outcome: 'block' });
  expect(planOf({ ...review, outcome: 'allow' }).outcome).toBe('allow');
});
