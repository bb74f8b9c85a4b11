import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { BatchDecision } from '../../schemas/batch-decision.ts';
import type { decideReviews } from '../../workflows/decide-reviews.ts';
import { decideReviewsId } from '../../workflows/ids.ts';
import { batchUpdate, decisionUpdate } from '../../workflows/messages.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { atRest, type History, seen } from './run-history.ts';
import { REVIEWER, type Stage } from './stage.ts';

/** Opens two reviews, and names decisions about them and about one that is not there. */
async function decisionsAbout(stage: Stage): Promise<BatchDecision[]> {
  const ids: string[] = [];
  for (let count = 0; count < 2; count += 1) {
    const input = stage.inputOf({ action: 'transfer' });
    const handle = await stage.start(input);
    await atRest(handle);
    ids.push((await handle.executeUpdate(decisionUpdate, { updateId: 'decision', args: [input.digest] })).review?.id ?? '');
  }
  return [
    ...ids.map((reviewId, index) => ({ reviewId, verb: index === 0 ? ('approve' as const) : ('reject' as const) })),
    { reviewId: 'rev_unknown', verb: 'approve' },
  ];
}

function start(stage: Stage, decisions: BatchDecision[]): Promise<WorkflowHandle<typeof decideReviews>> {
  const batchKey = randomUUID();
  return stage.temporal.workflow.start<typeof decideReviews>('decideReviews', {
    taskQueue: TASK_QUEUE.governance,
    workflowId: decideReviewsId(stage.orgId, batchKey),
    args: [{ orgId: stage.orgId, batchKey, memberId: REVIEWER.memberId, via: 'session', decisions }],
  });
}

/** Batches of decisions in every state. For record-histories.ts. */
export const BATCH_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  async 'decide-reviews.done'(stage) {
    const handle = await start(stage, await decisionsAbout(stage));
    await handle.result();
    return handle.fetchHistory();
  },
  async 'decide-reviews.nothing-moved'(stage) {
    const handle = await start(stage, [{ reviewId: 'rev_unknown', verb: 'approve' }]);
    await handle.result();
    return handle.fetchHistory();
  },
  async 'decide-reviews.asked-while-held-up'(stage) {
    const decisions = await decisionsAbout(stage);
    stage.proxy.cut();
    const handle = await start(stage, decisions);
    await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
    const asked = handle.executeUpdate(batchUpdate, { updateId: 'answers' });
    await seen(handle, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED');
    const history = await handle.fetchHistory();
    stage.proxy.restore();
    await asked;
    return history;
  },
  async 'decide-reviews.answered'(stage) {
    const decisions = await decisionsAbout(stage);
    stage.proxy.cut();
    const handle = await start(stage, decisions);
    const asked = handle.executeUpdate(batchUpdate, { updateId: 'answers' });
    await seen(handle, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED');
    stage.proxy.restore();
    await asked;
    await handle.result();
    return handle.fetchHistory();
  },
};
