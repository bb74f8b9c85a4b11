import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { PolicySet } from '../../schemas/policy.ts';
import { createDecisionServices } from '../../workers/decision-services.ts';
import { startSweep } from '../../workers/sweep-runs.ts';
import type { governEvent } from '../../workflows/govern-event.ts';
import { sweepReviewsId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { resumeSweeps } from '../../workflows/resume-sweeps.ts';
import type { SweepRequest, sweepReviews } from '../../workflows/sweep-reviews.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { leaveSweep } from './left-sweep.ts';
import { atRest, type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';

const BLOCKED: PolicySet = { rules: [], defaultEffect: 'block' };
const ASKING: PolicySet = { rules: SHORT_LADDER.rules.map((rule) => ({ ...rule, reason: 'changed' })) };

/** An organisation of its own with one run that waits: the policy is about to change. */
async function waiting(stage: Stage, action = 'transfer'): Promise<{ orgId: string; review: WorkflowHandle<typeof governEvent> }> {
  const { orgId } = await stage.addOrganization({ policy: SHORT_LADDER });
  const review = await stage.start(stage.inputOf({ action }, orgId));
  await atRest(review);
  return { orgId, review };
}

async function started(stage: Stage, sweep: SweepRequest): Promise<WorkflowHandle<typeof sweepReviews>> {
  await startSweep(stage.temporal, sweep, 10_000);
  return stage.temporal.workflow.getHandle<typeof sweepReviews>(sweepReviewsId(sweep.orgId, sweep.sweepId));
}

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** A sweep that cannot reach the database: its page is tried again and again. */
async function heldUp(stage: Stage): Promise<WorkflowHandle<typeof sweepReviews>> {
  const sweep = await leaveSweep(stage, (await waiting(stage)).orgId, BLOCKED);
  stage.proxy.cut();
  const handle = await started(stage, sweep);
  await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
  return handle;
}

/** Sweeps in every state, and reviews that one has moved. For record-histories.ts. */
export const SWEEP_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  async 'sweep-reviews.finished'(stage) {
    return ended(await started(stage, await leaveSweep(stage, (await waiting(stage)).orgId, BLOCKED)));
  },
  async 'sweep-reviews.two-pages'(stage) {
    const { orgId } = await stage.addOrganization({ policy: SHORT_LADDER });
    const { activities } = createDecisionServices({ vault: stage.vault, publicUrl: 'http://example.com' });
    for (let count = 0; count < 101; count += 1) await activities.decideEvent(stage.inputOf({ action: 'transfer' }, orgId));
    return ended(await started(stage, await leaveSweep(stage, orgId, BLOCKED)));
  },
  async 'sweep-reviews.held-up'(stage) {
    const handle = await heldUp(stage);
    const history = await handle.fetchHistory();
    stage.proxy.restore();
    await handle.result();
    return history;
  },
  async 'sweep-reviews.cancelled'(stage) {
    const handle = await heldUp(stage);
    await handle.cancel();
    await seen(handle, 'WORKFLOW_EXECUTION_CANCEL_REQUESTED');
    stage.proxy.restore();
    return ended(handle);
  },
  async 'resume-sweeps.done'(stage) {
    await leaveSweep(stage, (await waiting(stage)).orgId, BLOCKED);
    const options = { taskQueue: TASK_QUEUE.maintenance, workflowId: `resume-sweeps-${randomUUID()}` };
    return ended(await stage.temporal.workflow.start<typeof resumeSweeps>('resumeSweeps', options));
  },
  async 'govern-event.hitl-refused-by-sweep'(stage) {
    const { orgId, review } = await waiting(stage);
    await started(stage, await leaveSweep(stage, orgId, BLOCKED));
    return ended(review);
  },
  async 'govern-event.hitl-asked-again'(stage) {
    const { orgId, review } = await waiting(stage);
    await started(stage, await leaveSweep(stage, orgId, ASKING));
    await seen(review, 'WORKFLOW_EXECUTION_SIGNALED');
    return atRest(review);
  },
  async 'govern-event.hitl-expired-after-asked-again'(stage) {
    const { orgId, review } = await waiting(stage, 'refund');
    await started(stage, await leaveSweep(stage, orgId, ASKING));
    return ended(review);
  },
};
