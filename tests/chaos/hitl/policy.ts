import type { PolicySet } from '../../../schemas/policy.ts';
import type { ReviewPolicy } from '../../../schemas/review-policy.ts';

/** How long the first level of a timed review has: some run out before, some during and some after the kills. */
export const TIMED_LEVELS_MS = [6_000, 10_000, 14_000, 18_000, 22_000] as const;

const LONG_MS = 3_600_000;
const plan = (withinMs: number, quorum: number): ReviewPolicy => ({
  levels: [
    { reviewers: { roles: ['Reviewer', 'Owner'] }, withinMs, quorum },
    { reviewers: { roles: ['Owner'] }, withinMs: LONG_MS },
  ],
});

export const timedAction = (withinMs: number): string => `refund_${withinMs}`;

/** Reviews of one vote, of two votes, and of levels that run out. */
export const HITL_DRILL_POLICY: PolicySet = {
  rules: [
    ['transfer', plan(LONG_MS, 1)] as const,
    ['wire', plan(LONG_MS, 2)] as const,
    ...TIMED_LEVELS_MS.map((ms) => [timedAction(ms), plan(ms, 1)] as const),
  ].map(([action, review]) => ({ id: action, priority: 100, when: { actions: [action] }, effect: 'hitl', review, reason: `${action} is decided by people` })),
};
