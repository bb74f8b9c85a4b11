import type { Client } from '@temporalio/client';
import type { conductReview } from '../workflows/conduct-review.ts';
import { conductReviewId } from '../workflows/ids.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { startRun } from './start-run.ts';

/** Starts the run of a review that no agent waits for, or leaves the one that runs. The row of the review says all the run needs. */
export async function startConductReview(
  client: Client,
  { orgId, reviewId, timeoutMs }: { orgId: string; reviewId: string; timeoutMs: number },
): Promise<void> {
  const about = { what: `review \`${reviewId}\``, why: 'started again', policy: 'see the review', url: '' };
  await startRun<typeof conductReview>(client, 'conductReview', timeoutMs, {
    taskQueue: TASK_QUEUE.governance,
    workflowId: conductReviewId(orgId, reviewId),
    args: [{ orgId, reviewId, about }],
  });
}
