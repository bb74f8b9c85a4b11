import type { PolicySet } from '../../schemas/policy.ts';

/** A policy whose levels run out while a test waits. */
export const SHORT_LADDER: PolicySet = {
  rules: [
    {
      id: 'refunds',
      priority: 100,
      when: { actions: ['refund'] },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer'] }, withinMs: 900 },
          { reviewers: { roles: ['Owner', 'Admin'] }, withinMs: 900 },
        ],
      },
      reason: 'refunds are decided by people',
    },
    {
      id: 'transfers',
      priority: 100,
      when: { actions: ['transfer'] },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer'] }, withinMs: 600_000 },
          { reviewers: { roles: ['Owner'], groups: ['board'] }, withinMs: 600_000 },
        ],
      },
      reason: 'transfers are decided by people',
    },
    {
      id: 'discounts',
      priority: 100,
      when: { actions: ['grant_discount'] },
      effect: 'hitl',
      review: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: 600_000 }] },
      reason: 'discounts are decided by the owner',
    },
  ],
};
