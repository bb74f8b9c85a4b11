import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { createResumeActivities } from '../../activities/resume.ts';
import { findSweep } from '../../db/queries/sweeps.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { wakeReview } from '../../workers/restart-review.ts';
import { startSweep } from '../../workers/sweep-runs.ts';
import type { governEvent } from '../../workflows/govern-event.ts';
import { sweepReviewsId } from '../../workflows/ids.ts';
import { decisionUpdate } from '../../workflows/messages.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { resumeSweeps } from '../../workflows/resume-sweeps.ts';
import type { sweepReviews } from '../../workflows/sweep-reviews.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { leaveSweep } from './left-sweep.ts';
import { atRest, seen } from './run-history.ts';
import { openStage, type Stage, stepsOf } from './stage.ts';
import { until } from '../support/until.ts';

/** Payouts are asked for at two levels, of which the first one runs out while a test waits. */
const laddersWith = (secondMs: number, reason: string): PolicySet => ({
  rules: [
    ...SHORT_LADDER.rules,
    {
      id: 'payouts',
      priority: 100,
      when: { actions: ['payout'] },
      effect: 'hitl',
      review: {
        levels: [
          { reviewers: { roles: ['Reviewer'] }, withinMs: 900 },
          { reviewers: { roles: ['Owner'] }, withinMs: secondMs },
        ],
      },
      reason,
    },
  ],
});

let stage: Stage;
beforeEach(async () => {
  stage = await openStage({ policy: laddersWith(600_000, 'payouts are decided by people') });
});
afterEach(() => stage.stop());

const BLOCKED: PolicySet = { rules: [], defaultEffect: 'block' };

async function openReview(action: string): Promise<{ handle: WorkflowHandle<typeof governEvent>; reviewId: string }> {
  const input = stage.inputOf({ action });
  const handle = await stage.start(input);
  const { review } = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
  await atRest(handle);
  return { handle, reviewId: review?.id ?? '' };
}

const change = (policy: PolicySet) => leaveSweep(stage, stage.orgId, policy);
const runOf = (sweepId: string) => stage.temporal.workflow.getHandle<typeof sweepReviews>(sweepReviewsId(stage.orgId, sweepId));
const sweepRow = (sweepId: string) => findSweep(stage.sql, { orgId: stage.orgId, sweepId });
const resume = () =>
  stage.temporal.workflow.execute<typeof resumeSweeps>('resumeSweeps', { taskQueue: TASK_QUEUE.maintenance, workflowId: `resume-${Math.random()}` });

test('a sweep ends the reviews that the new policy decides, and the runs that waited for them', async () => {
  await stage.open(['decision', 'hitl']);
  const reviews = await Promise.all(Array.from({ length: 8 }, () => openReview('transfer')));
  const sweep = await change(BLOCKED);
  await startSweep(stage.temporal, sweep);
  expect(await runOf(sweep.sweepId).result()).toEqual({ status: 'finished', total: 8, done: 8 });
  for (const { handle, reviewId } of reviews) {
    expect(await handle.result()).toMatchObject({ review: { reviewId, status: 'refused' } });
    expect(await stepsOf(stage, reviewId)).toMatchObject({ status: 'refused', recorded: 1 });
  }
  // Started again, it finds nothing left to do.
  await startSweep(stage.temporal, sweep);
  expect(await runOf(sweep.sweepId).result()).toEqual({ status: 'finished', total: 8, done: 8 });
});

test('a review that is asked again keeps the times of its new plan, level by level', async () => {
  await stage.open(['decision', 'hitl']);
  const { handle, reviewId } = await openReview('payout');
  await until(async () => (await stepsOf(stage, reviewId)).recorded === 1);
  const sweep = await change(laddersWith(900, 'changed'));
  await startSweep(stage.temporal, sweep);
  expect(await handle.result()).toMatchObject({ review: { status: 'expired' } });
  const { steps, recorded } = await stepsOf(stage, reviewId);
  expect(steps.map(({ step, level }) => `${step} ${level}`)).toEqual(['timeout 0', 'revise 1', 'timeout 0', 'timeout 1']);
  expect(recorded).toBe(4);
});

test('a sweep whose workers were away goes on where it was', async () => {
  const first = await stage.open(['decision', 'hitl']);
  const { handle, reviewId } = await openReview('transfer');
  await atRest(handle);
  await first.stop();
  const sweep = await change(BLOCKED);
  await startSweep(stage.temporal, sweep);
  await stage.open(['decision', 'hitl']);
  expect(await runOf(sweep.sweepId).result()).toMatchObject({ status: 'finished', done: 1 });
  expect(await handle.result()).toMatchObject({ review: { reviewId, status: 'refused' } });
});

test('a sweep that is cancelled ends on record as well, and nobody takes it up again', async () => {
  const decision = await stage.open(['decision']);
  const hitl = await stage.open(['hitl']);
  const { reviewId } = await openReview('transfer');
  await hitl.stop();
  const sweep = await change(BLOCKED);
  await startSweep(stage.temporal, sweep);
  await seen(runOf(sweep.sweepId), 'ACTIVITY_TASK_SCHEDULED');
  await runOf(sweep.sweepId).cancel();
  // Whoever comes now finds no page left to do.
  await seen(runOf(sweep.sweepId), 'ACTIVITY_TASK_CANCEL_REQUESTED');
  const ended = expect(runOf(sweep.sweepId).result()).rejects.toThrow();
  await stage.open(['hitl', 'maintenance']);
  await ended;
  expect(await sweepRow(sweep.sweepId)).toMatchObject({ status: 'cancelled', done: 0 });
  expect(await resume()).toMatchObject({ sweeps: 0 });
  expect((await stepsOf(stage, reviewId)).status).toBe('pending');
  await decision.stop();
});

test('a sweep that was never started, or whose run is gone, is taken up', async () => {
  await stage.open(['decision', 'hitl', 'maintenance']);
  const { handle } = await openReview('transfer');
  const sweep = await change(BLOCKED);
  await until(async () => (await resume()).sweeps === 1 || (await sweepRow(sweep.sweepId))?.status === 'finished');
  expect(await handle.result()).toMatchObject({ review: { status: 'refused' } });
  await until(async () => (await sweepRow(sweep.sweepId))?.status === 'finished');
  expect(await resume()).toEqual({ sweeps: 0, reviews: 0, failed: 0 });
});

test('a review whose run is gone goes on, whatever Temporal has forgotten', async () => {
  await stage.open(['decision']);
  const input = stage.inputOf({ action: 'refund' });
  const handle = await stage.start(input);
  const reviewId = (await handle.executeUpdate(decisionUpdate, { args: [input.digest] })).review?.id ?? '';
  await handle.terminate('drill');
  // The first level runs out, and there is nobody who could see to it.
  await sleep(1_000);
  expect((await stepsOf(stage, reviewId)).status).toBe('pending');
  const { sql, vault, temporal } = stage;
  const later = createResumeActivities({
    sql,
    startSweep: (sweep) => startSweep(temporal, sweep),
    wakeReview: (review) => wakeReview(temporal, vault, review),
    now: () => Date.now() + 31_000,
  });
  expect(await later.wakeOverdueReviews()).toEqual({ reviews: 1, failed: 0 });
  await stage.open(['hitl']);
  expect(await temporal.workflow.getHandle<typeof governEvent>(handle.workflowId).result()).toMatchObject({ review: { reviewId, status: 'expired' } });
});
