import type { PolicySet } from '../../schemas/policy.ts';

const HOUR_MS = 3_600_000;

/**
 * The policy of the demo organisation. Its ladders are long, so that reviews are still there when somebody comes to look.
 * A rule that matches decides alone, so the milder ones step aside where a detector would do more: any finding that blocks scores 81 and above.
 */
export const DEMO_POLICY: PolicySet = {
  rules: [
    {
      id: 'no-export-of-mixed-sessions',
      priority: 200,
      when: { actions: ['export_*', 'share_*'], condition: 'session.untrusted && session.private' },
      effect: 'block',
      reason: 'The session has read text from outside and private data; nothing is exported from it.',
    },
    {
      id: 'large-refund',
      priority: 100,
      when: {
        agents: ['billing-*'],
        actions: ['issue_refund'],
        condition: 'has(event.tool) && has(event.tool.args) && has(event.tool.args.amount) && event.tool.args.amount > 500 && mast.riskScore < 80',
      },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { groups: ['finance'] }, withinMs: 48 * HOUR_MS },
          { reviewers: { roles: ['Owner'] }, withinMs: 120 * HOUR_MS },
        ],
        outcome: 'block',
      },
      reason: 'Refunds above 500 are decided by the finance group.',
    },
    {
      id: 'production-deploy',
      priority: 100,
      when: {
        agents: ['ops-*'],
        actions: ['deploy_*'],
        condition:
          'has(event.tool) && has(event.tool.args) && has(event.tool.args.environment) && event.tool.args.environment == "production" && mast.riskScore < 80',
      },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer', 'Admin'] }, withinMs: 48 * HOUR_MS },
          { reviewers: { roles: ['Owner'] }, withinMs: 120 * HOUR_MS },
        ],
        outcome: 'block',
      },
      reason: 'A person releases what goes to production.',
    },
    {
      id: 'change-at-night',
      priority: 80,
      when: {
        agents: ['ops-*'],
        actions: ['restart_*', 'deploy_*'],
        condition: 'has(event.occurredAt) && timestamp(event.occurredAt).getHours("Europe/Vienna") < 6 && mast.detectors.size() == 0',
      },
      effect: 'alert',
      reason: 'Changes between midnight and six are looked at in the morning.',
    },
    {
      id: 'old-builds',
      priority: 50,
      when: { agents: ['ops-runner'], actions: ['delete_build_artifacts'], detectors: ['act.destroy'], condition: 'mast.detectors.size() == 1' },
      effect: 'allow',
      reason: 'Builds can be made again; the grant bounds where they are deleted.',
    },
  ],
  defaultEffect: 'allow',
  onError: 'hitl',
  defaultReview: {
    levels: [
      { reviewers: { roles: ['Reviewer', 'Admin', 'Owner'] }, withinMs: 48 * HOUR_MS },
      { reviewers: { roles: ['Owner'] }, withinMs: 120 * HOUR_MS },
    ],
    outcome: 'block',
  },
};
