import type { PolicySet } from '../../schemas/policy.ts';
import type { ReviewPolicy } from '../../schemas/review-policy.ts';

const HOUR_MS = 3_600_000;
const ANYBODY = { roles: ['Owner', 'Admin', 'Reviewer'] } as const;
const level = (changes: Partial<ReviewPolicy['levels'][number]> = {}): ReviewPolicy['levels'][number] => ({
  reviewers: { roles: [...ANYBODY.roles] },
  withinMs: HOUR_MS,
  ...changes,
});

/** One rule per way to decide, by the action's name. */
const PLANS: Record<string, ReviewPolicy> = {
  single: { levels: [level()] },
  two: { levels: [level({ quorum: 2 })] },
  everybody: { levels: [level({ reviewers: { roles: ['Reviewer'] }, quorum: 'all' }), level({ reviewers: { roles: ['Owner'] } })] },
  separated: { levels: [level({ quorum: 2, separation: ['Owner', 'Reviewer'] })] },
  paired: { levels: [level()], twoPerson: true },
  editable: { levels: [level()], allowEdit: true },
  reasoned: { levels: [level()], reasonRequired: true },
  brief: { levels: [level({ withinMs: 500 })] },
  fleeting: { levels: [level()], approvalTtlMs: 400 },
  glass: { levels: [level({ reviewers: { roles: ['Admin'] } })], breakGlass: { reviewers: { roles: ['Owner'] }, reviewWithinMs: HOUR_MS } },
  'glass-brief': { levels: [level({ reviewers: { roles: ['Admin'] } })], breakGlass: { reviewers: { roles: ['Owner'] }, reviewWithinMs: 600 } },
  reminding: { levels: [level({ withinMs: 3_000, remindEveryMs: 400 })] },
};

export const REVIEW_WAYS: PolicySet = {
  rules: [
    ...Object.entries(PLANS).map(([action, review]) => ({
      id: action,
      priority: 100,
      when: { actions: [action] },
      effect: 'hitl' as const,
      review,
      reason: `${action} is decided by people`,
    })),
    {
      id: 'careful',
      priority: 150,
      when: { actions: ['single'], condition: 'has(event.labels) && event.labels.exists(label, label == "careful")' },
      effect: 'hitl',
      review: { levels: [level({ reviewers: { roles: ['Owner'] } })] },
      reason: 'the owner looks at it',
    },
    {
      id: 'too-much',
      priority: 200,
      when: { condition: 'has(event.tool) && has(event.tool.args) && has(event.tool.args.amount) && event.tool.args.amount > 1000' },
      effect: 'block',
      reason: 'more than anybody may approve',
    },
  ],
};
