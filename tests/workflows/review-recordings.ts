import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { PolicySet } from '../../schemas/policy.ts';
import { conductReviewId } from '../../workflows/ids.ts';
import { decisionUpdate, reviewMovedSignal, reviewUpdate, type ReviewVote } from '../../workflows/messages.ts';
import type { TestOrganization } from '../support/product.ts';
import { REVIEW_WAYS } from '../support/review-policies.ts';
import { atRest, type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';

const REPORTED: PolicySet['rules'] = [
  { id: 'pay', priority: 100, when: { actions: ['pay'] }, effect: 'allow', attestWithinMs: 600_000, reason: 'payments are reported on' },
  { id: 'pay-soon', priority: 100, when: { actions: ['pay_soon'] }, effect: 'allow', attestWithinMs: 500, reason: 'payments are reported on' },
];

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

interface Asked {
  handle: WorkflowHandle;
  reviewId: string;
  organization: TestOrganization;
  vote: (memberId: string, verb: ReviewVote['verb'], more?: Partial<ReviewVote>) => Promise<unknown>;
}

/** A run that waits in an organisation of its own with two reviewers, an owner and an admin. */
async function ask(stage: Stage, action: string, { sessionId, within }: { sessionId?: string; within?: TestOrganization } = {}): Promise<Asked> {
  const organization = within ?? (await stage.addOrganization({ policy: { rules: [...REVIEW_WAYS.rules, ...REPORTED] } }));
  const people = [['ann', 'Reviewer'] as const, ['bob', 'Reviewer'] as const, ['ola', 'Owner'] as const, ['ada', 'Admin'] as const];
  for (const [name, role] of people) await organization.keyOfMember(name, role);
  const input = stage.inputOf({ action, tool: { name: action, args: { amount: 100 } }, ...(sessionId === undefined ? {} : { sessionId }) }, organization.orgId);
  const handle = await stage.start(input);
  const decision = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
  const vote: Asked['vote'] = (name, verb, more = {}) =>
    handle.executeUpdate(reviewUpdate, { args: [{ requestId: randomUUID(), reviewer: { memberId: `mem_${name}` }, verb, ...more }] });
  return { handle, reviewId: decision.review?.id ?? '', organization, vote };
}

/** Histories of the ways to decide, of requests that are asked once, and of runs that wait for a report. */
export const REVIEW_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  async 'govern-event.quorum-half-reached'(stage) {
    const { handle, vote } = await ask(stage, 'two');
    await atRest(handle);
    await vote('ann', 'approve');
    return atRest(handle);
  },
  async 'govern-event.quorum-reached'(stage) {
    const { handle, vote } = await ask(stage, 'two');
    await vote('ann', 'approve');
    await vote('bob', 'approve');
    return ended(handle);
  },
  async 'govern-event.quorum-impossible'(stage) {
    const { handle, vote } = await ask(stage, 'everybody');
    await vote('ann', 'abstain');
    await vote('bob', 'abstain');
    return atRest(handle);
  },
  async 'govern-event.edited'(stage) {
    const { handle, vote } = await ask(stage, 'editable');
    await vote('ann', 'edit', { args: { amount: 10 } });
    return ended(handle);
  },
  async 'govern-event.responded'(stage) {
    const { handle, vote } = await ask(stage, 'single');
    await vote('ann', 'respond', { message: 'use the sandbox' });
    return ended(handle);
  },
  async 'govern-event.told-of-a-vote'(stage) {
    const { handle } = await ask(stage, 'single');
    await atRest(handle);
    await handle.signal(reviewMovedSignal);
    return atRest(handle);
  },
  async 'govern-event.joined-pending'(stage) {
    const sessionId = randomUUID();
    const first = await ask(stage, 'single', { sessionId });
    const second = await ask(stage, 'single', { sessionId, within: first.organization });
    return atRest(second.handle);
  },
  async 'govern-event.joined-decided'(stage) {
    const sessionId = randomUUID();
    const first = await ask(stage, 'single', { sessionId });
    const second = await ask(stage, 'single', { sessionId, within: first.organization });
    await atRest(second.handle);
    await first.vote('ann', 'approve');
    return ended(second.handle);
  },
  async 'govern-event.decided-for-two'(stage) {
    const sessionId = randomUUID();
    const first = await ask(stage, 'single', { sessionId });
    const second = await ask(stage, 'single', { sessionId, within: first.organization });
    await first.vote('ann', 'approve');
    await second.handle.result();
    return ended(first.handle);
  },
  async 'govern-event.glass-broken'(stage) {
    const { handle, vote } = await ask(stage, 'glass');
    await vote('ola', 'break-glass', { reason: 'fire' });
    return ended(handle);
  },
  async 'conduct-review.pending'(stage) {
    const { handle, vote, organization } = await ask(stage, 'glass');
    await vote('ola', 'break-glass', { reason: 'fire' });
    await handle.result();
    return atRest(await afterRun(stage, organization));
  },
  async 'conduct-review.expired'(stage) {
    const { handle, vote, organization } = await ask(stage, 'glass-brief');
    await vote('ola', 'break-glass', { reason: 'fire' });
    await handle.result();
    return ended(await afterRun(stage, organization));
  },
  async 'govern-event.outcome-awaited'(stage) {
    const { handle } = await ask(stage, 'pay');
    return atRest(handle);
  },
  async 'govern-event.outcome-silent'(stage) {
    const { handle } = await ask(stage, 'pay_soon');
    await seen(handle, 'TIMER_FIRED');
    return ended(handle);
  },
};

async function afterRun({ sql, temporal }: Stage, { orgId }: TestOrganization): Promise<WorkflowHandle> {
  const [row] = await sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${orgId}, true)`;
    return tx<{ id: string }[]>`select id from review where org_id = ${orgId} and kind = 'after'`;
  });
  return temporal.workflow.getHandle(conductReviewId(orgId, row?.id ?? ''));
}
