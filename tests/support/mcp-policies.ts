import type { PolicySet } from '../../schemas/policy.ts';
import type { ReviewPolicy } from '../../schemas/review-policy.ts';

const ANYBODY: ReviewPolicy = { levels: [{ reviewers: { roles: ['Owner', 'Admin', 'Reviewer'] }, withinMs: 3_600_000 }], allowEdit: true };

/** Reading is allowed, writing is decided by people, the environment is nobody's business. */
export const MCP_POLICY: PolicySet = {
  rules: [
    { id: 'env', priority: 300, when: { actions: ['get-env'] }, effect: 'block', reason: 'the environment holds secrets' },
    {
      id: 'changed',
      priority: 200,
      when: { condition: 'has(event.labels) && event.labels.exists(label, label == "mcp.tool-changed")' },
      effect: 'hitl',
      review: ANYBODY,
      reason: 'the tool has changed since it was accepted',
    },
    {
      id: 'writes',
      priority: 100,
      when: { actions: ['write_file', 'get-sum', 'confirmed'] },
      effect: 'hitl',
      review: ANYBODY,
      reason: 'writing is decided by people',
    },
    {
      id: 'confidential',
      priority: 100,
      when: { condition: 'has(event.channel) && event.channel == "tool_result" && has(event.content) && event.content.contains("CONFIDENTIAL")' },
      effect: 'hitl',
      review: ANYBODY,
      reason: 'people look at it first',
    },
    { id: 'attested', priority: 100, when: { actions: ['create_directory'] }, effect: 'allow', attestWithinMs: 60_000, reason: 'it is told how it went' },
    {
      id: 'told',
      priority: 100,
      when: { detectors: ['mem.override'], condition: 'has(event.channel) && event.channel == "tool_result"' },
      effect: 'block',
      reason: 'instructions in what a tool brought back',
    },
  ],
};
