import { randomUUID } from 'node:crypto';
import { sha256Hex } from '../../activities/settlement.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { createDecisionServices } from '../../workers/decision-services.ts';
import type { ApiCaller } from './api-caller.ts';

const ACTIONS = ['transfer', 'delete_user', 'drop_table', 'refund'];

/** Every action is decided by people, with two levels above each other. */
export const askingPolicy: PolicySet = {
  rules: [
    {
      id: 'ask',
      priority: 100,
      when: { actions: ACTIONS },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer', 'Admin', 'Owner'] }, withinMs: 86_400_000 },
          { reviewers: { roles: ['Owner'] }, withinMs: 86_400_000 },
        ],
      },
      reason: 'people decide',
    },
  ],
};

const eventOf = (index: number): GovernanceEvent => {
  const action = ACTIONS[index % ACTIONS.length] ?? '';
  return { id: randomUUID(), agentId: `agent-${index % 50}`, action, tool: { name: action, args: { to: randomUUID(), amount: index } } };
};

/** Opens reviews by the deciding activity alone: the queue is full, and Temporal is not what fills it. */
export async function fillQueue(vault: SubjectVault, { orgId, count }: { orgId: string; count: number }): Promise<void> {
  const { activities, drain } = createDecisionServices({ vault, publicUrl: 'http://127.0.0.1' });
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const fill = async (): Promise<void> => {
    for (const index of indexes) {
      const event = eventOf(index);
      const digest = sha256Hex(canonicalize(event as unknown as Json));
      await activities.decideEvent({ orgId, event, digest, requester: 'key:bench', requestId: 'req_bench', receivedAtMs: Date.now() });
    }
  };
  await Promise.all(Array.from({ length: 64 }, fill));
  await drain();
}

/** Opens reviews as agents do, each with its run; answers their ids. */
export async function openReviews(call: ApiCaller, key: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const open = async (): Promise<void> => {
    for (const index of indexes) ids.push((await call<Decision>('POST', '/api/v1/governance/events', key, eventOf(index))).review?.id ?? '');
  };
  await Promise.all(Array.from({ length: 8 }, open));
  return ids;
}
