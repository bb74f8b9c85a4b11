import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { inParallel } from '../core/in-parallel.ts';
import type { WaitingRun } from '../activities/sweep.ts';
import { conductReviewId, governEventId, sweepReviewsId } from '../workflows/ids.ts';
import { reviewMovedSignal } from '../workflows/messages.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import type { SweepRequest, sweepReviews } from '../workflows/sweep-reviews.ts';
import { callWithin } from './call-within.ts';
import { startRun } from './start-run.ts';

/** Starts the run of a sweep, or leaves the one that runs. One that failed or was terminated is started again as long as the sweep's row says it runs. */
export async function startSweep(client: Client, { orgId, sweepId, cause }: SweepRequest, timeoutMs = 900): Promise<void> {
  await startRun<typeof sweepReviews>(client, 'sweepReviews', timeoutMs, {
    taskQueue: TASK_QUEUE.governance,
    workflowId: sweepReviewsId(orgId, sweepId),
    args: [{ orgId, sweepId, cause }],
    staticSummary: `pending reviews after: ${cause.kind}`,
    typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
  });
}

/** Runs that are woken share their workers with decisions, which must not stand behind them. */
const TOLD_PER_SECOND = 50;
const AT_A_TIME = 10;
/** Nobody waits for it, and a run that is not told waits for hours. */
const TOLD_WITHIN_MS = 5_000;

/** Tells runs that their reviews have moved. Never fails: a run that is not reached looks when its timer fires, or is woken when it is overdue. */
export async function tellRuns(client: Client, orgId: string, runs: readonly WaitingRun[]): Promise<void> {
  await inParallel(runs, AT_A_TIME, async ({ kind, eventId, reviewId }) => {
    const handle = client.workflow.getHandle(kind === 'gate' ? governEventId(orgId, eventId) : conductReviewId(orgId, reviewId));
    const paced = sleep((1_000 * AT_A_TIME) / TOLD_PER_SECOND);
    await callWithin(client, TOLD_WITHIN_MS, () => handle.signal(reviewMovedSignal)).catch(() => undefined);
    await paced;
  });
}
