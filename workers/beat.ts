import { CancelledFailure, Context } from '@temporalio/activity';

/** Tells Temporal that this activity lives, so that one whose worker was killed is soon begun again. @throws CancelledFailure when its run was cancelled */
export function beat(): void {
  const context = Context.current();
  context.heartbeat();
  if (context.cancellationSignal.aborted) throw new CancelledFailure('the run was cancelled');
}
