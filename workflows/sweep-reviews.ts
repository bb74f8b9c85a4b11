import { CancellationScope, continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { SweepActivities, SweptPage } from '../activities/sweep.ts';
import type { SweepPosition } from '../db/queries/sweeps.ts';
import type { SweepCause } from '../schemas/sweep.ts';
import { cancellationOf } from './cancellation.ts';
import { SWEEP_STEP } from './options.ts';

const { sweepPage, endSweep } = proxyActivities<SweepActivities>(SWEEP_STEP);

export interface SweepRequest {
  orgId: string;
  sweepId: string;
  /** For people who look at the run; the sweep's row says what is done. */
  cause: SweepCause;
  after?: SweepPosition;
}

export type SweptReviews = Pick<SweptPage, 'status' | 'total' | 'done'>;

/** Brings what has changed to every review that waits, page by page. A run that is cancelled ends the sweep where it stands. */
export async function sweepReviews(request: SweepRequest): Promise<SweptReviews> {
  const { orgId, sweepId } = request;
  let { after } = request;
  try {
    for (;;) {
      const { next, ...swept } = await sweepPage({ orgId, sweepId, after });
      setCurrentDetails(`**${swept.done} of ${swept.total}** reviews, ${swept.status}\n- cause: ${request.cause.kind}`);
      if (next === null) return swept;
      after = next;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sweepReviews>({ ...request, after });
    }
  } catch (error) {
    const cancelled = cancellationOf(error);
    if (cancelled !== undefined) await CancellationScope.nonCancellable(() => endSweep({ orgId, sweepId }));
    throw cancelled ?? error;
  }
}
