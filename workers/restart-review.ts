import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { EventRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { findRecordedEvent } from '../db/queries/ledger.ts';
import type { OverdueReview } from '../db/queries/left-lying.ts';
import { conductReviewId, governEventId } from '../workflows/ids.ts';
import { reviewMovedSignal } from '../workflows/messages.ts';
import { callWithin } from './call-within.ts';
import { startConductReview } from './start-conduct-review.ts';
import { startGovernEvent } from './start-govern-event.ts';

/**
 * A review outlives its run: where an operator ended the run, or Temporal's own data was lost, the same event is started again.
 * The ledger's decision stands, so the new run goes straight to the ladder as the row has it. Answers the digest that the run is asked with.
 */
export async function restartGovernEvent(
  client: Client,
  sql: Sql,
  { orgId, eventId, timeoutMs }: { orgId: string; eventId: string; timeoutMs: number },
): Promise<string> {
  const record = await findRecordedEvent(sql, { orgId, eventId });
  if (record === undefined) throw new Error('a pending review without its recorded event');
  const { event, requester, requestId, evaluatedAt } = JSON.parse(record.body) as EventRecord;
  const input = { orgId, event, digest: record.digest, requester, requestId, receivedAtMs: Date.parse(evaluatedAt) };
  await startGovernEvent(client, input, { eager: false, timeoutMs }).catch((error: unknown) => {
    // Somebody else was faster.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
  return record.digest;
}

/** Lets the run of a review look at it again, and starts the run where it is gone. */
export async function wakeReview(client: Client, sql: Sql, { orgId, reviewId, eventId, kind }: OverdueReview, timeoutMs = 5_000): Promise<void> {
  const handle = client.workflow.getHandle(kind === 'gate' ? governEventId(orgId, eventId) : conductReviewId(orgId, reviewId));
  try {
    await callWithin(client, timeoutMs, () => handle.signal(reviewMovedSignal));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (kind === 'gate') await restartGovernEvent(client, sql, { orgId, eventId, timeoutMs });
    else await startConductReview(client, { orgId, reviewId, timeoutMs });
  }
}
