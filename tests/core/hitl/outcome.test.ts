import { approvalEndMs, outcomeOf } from '../../../core/hitl/outcome.ts';
import { ReviewStatus } from '../../../schemas/review.ts';
import { HOUR_MS, level, plan, START_MS } from './ladders.ts';

const asked = (outcome: 'allow' | 'block'): ReturnType<typeof plan> => plan([level()], { outcome });

test('approved and released allow, expired is what the plan says, pending is nothing yet, and everything else blocks', () => {
  const outcomes = (outcome: 'allow' | 'block'): Record<string, unknown> =>
    Object.fromEntries(ReviewStatus.options.map((status) => [status, outcomeOf(asked(outcome), status)]));
  const decided = { pending: null, approved: 'allow', rejected: 'block', responded: 'block', withdrawn: 'block', released: 'allow', refused: 'block' };
  expect(outcomes('allow')).toEqual({ ...decided, expired: 'allow' });
  expect(outcomes('block')).toEqual({ ...decided, expired: 'block' });
});

test('leave to act ends after the time the plan gives, an hour where it gives none', () => {
  expect(approvalEndMs(asked('block'), 'approved', START_MS)).toBe(START_MS + HOUR_MS);
  expect(approvalEndMs({ ...asked('block'), approvalTtlMs: 500 }, 'released', START_MS)).toBe(START_MS + 500);
  expect(approvalEndMs({ ...asked('allow'), approvalTtlMs: 500 }, 'expired', START_MS)).toBe(START_MS + 500);
});

test('without leave to act there is no end to it', () => {
  for (const status of ['pending', 'rejected', 'responded', 'expired', 'withdrawn', 'refused'] as const) {
    expect(approvalEndMs(asked('block'), status, START_MS)).toBeNull();
  }
});
