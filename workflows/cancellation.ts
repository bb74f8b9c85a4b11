import { CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';

/**
 * What a run that was cancelled ends with; undefined where it was not. An activity that fails just when it is cancelled is not tried again, and its failure
 * is no cancellation: the run is cancelled all the same.
 */
export function cancellationOf(error: unknown): unknown {
  if (isCancellation(error)) return error;
  return CancellationScope.current().consideredCancelled ? new CancelledFailure('the run was cancelled') : undefined;
}
