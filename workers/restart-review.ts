import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { openRecordedEvent } from '../db/event-seal.ts';
import type { OverdueReview } from '../db/queries/left-lying.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import { conductReviewId, governEventId } from '../workflows/ids.ts';
import { reviewMovedSignal } from '../workflows/messages.ts';
import { callWithin } from './call-within.ts';
import { startConductReview } from './start-conduct-review.ts';
import { startGovernEvent } from './start-govern-event.ts';

/**
 * A review outlives its run: where an operator ended the run, or Temporal's own data was lost, the same event is started again.
 * The ledger's decision stands, so the new run goes straight to the ladder as the row has it; what is erased of the event it does not miss.
 * Answers the digest that the run is asked with.
 */
export async function restartGovernEvent(
  client: Client,
  vault: SubjectVault,
  { orgId, eventId, timeoutMs }: { orgId: string; eventId: string; timeoutMs: number },
): Promise<string> {
  const recorded = await openRecordedEvent(vault, { orgId, eventId });
  if (recorded === undefined) throw new Error('a pending review without its recorded event');
  const { event, requester, requestId, evaluatedAt } = recorded.record;
  const input = { orgId, event: event as GovernanceEvent, digest: recorded.digest, requester, requestId, receivedAtMs: Date.parse(evaluatedAt) };
  await startGovernEvent(client, input, { eager: false, timeoutMs }).catch((error: unknown) => {
    // Somebody else was faster.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
  return recorded.digest;
}

/** Lets the run of a review look at it again, and starts the run where it is gone. */
export async function wakeReview(client: Client, vault: SubjectVault, { orgId, reviewId, eventId, kind }: OverdueReview, timeoutMs = 5_000): Promise<void> {
  const handle = client.workflow.getHandle(kind === 'gate' ? governEventId(orgId, eventId) : conductReviewId(orgId, reviewId));
  try {
    await callWithin(client, timeoutMs, () => handle.signal(reviewMovedSignal));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (kind === 'gate') await restartGovernEvent(client, vault, { orgId, eventId, timeoutMs });
    else await startConductReview(client, { orgId, reviewId, timeoutMs });
  }
}
