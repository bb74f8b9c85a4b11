import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { DecisionUnavailable, type ReviewOutcome, type ReviewRequest } from '../api/governance-runtime.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { findRecordedEvent } from '../db/queries/ledger.ts';
import { loadReviewLadder } from '../db/queries/review-steps.ts';
import { governEventId } from '../workflows/ids.ts';
import { decisionUpdate, reviewUpdate, type ReviewVote } from '../workflows/messages.ts';
import { callWithin } from './call-within.ts';
import { startGovernEvent } from './start-govern-event.ts';

export interface ReviewRunsDeps {
  client: Client;
  sql: Sql;
  timeoutMs?: number;
}

/** Hands a reviewer's decision to the waiting run. The request id is the update's id, so a retried click is one decision. */
export function createReviewRuns({ client, sql, timeoutMs = 5_000 }: ReviewRunsDeps) {
  const closed = async (orgId: string, reviewId: string): Promise<ReviewOutcome | undefined> => {
    const row = await loadReviewLadder(sql, { orgId, reviewId });
    return row === undefined || row.status === 'pending' ? undefined : { kind: 'closed', status: row.status, last: row.state.steps.at(-1) ?? null };
  };

  const deliver = async (workflowId: string, vote: ReviewVote): Promise<ReviewOutcome> => {
    const handle = client.workflow.getHandle(workflowId);
    const outcome = await callWithin(client, timeoutMs, () => handle.executeUpdate(reviewUpdate, { updateId: `review-${vote.requestId}`, args: [vote] }));
    if (outcome.kind === 'refused') return { kind: 'refused', code: outcome.code, detail: outcome.detail };
    const { status, last } = outcome.position;
    return outcome.kind === 'recorded' ? { kind: 'recorded', status } : { kind: 'closed', status, last };
  };

  /**
   * A review outlives its run: where an operator ended the run, or Temporal's own data was lost, the same event is started again.
   * The ledger's decision stands, so the new run goes straight to the ladder as the row has it.
   */
  const revive = async (orgId: string, eventId: string): Promise<void> => {
    const record = await findRecordedEvent(sql, { orgId, eventId });
    if (record === undefined) throw new Error('a pending review without its recorded event');
    const { event, requester, requestId, evaluatedAt } = JSON.parse(record.body) as EventRecord;
    const input = { orgId, event, digest: record.digest, requester, requestId, receivedAtMs: Date.parse(evaluatedAt) };
    await startGovernEvent(client, input, { eager: false, timeoutMs }).catch((error: unknown) => {
      // Somebody else was faster.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    });
    // A run takes votes once it knows its decision, and refuses them until then.
    const handle = client.workflow.getHandle(governEventId(orgId, eventId));
    await callWithin(client, timeoutMs, () => handle.executeUpdate(decisionUpdate, { updateId: 'decision', args: [record.digest] }));
  };

  return async function review({ orgId, reviewId, eventId, verb, reason, reviewer, requestId }: ReviewRequest): Promise<ReviewOutcome> {
    const before = await closed(orgId, reviewId);
    if (before !== undefined) return before;
    const workflowId = governEventId(orgId, eventId);
    const vote = { requestId, verb, reviewer, ...(reason === undefined ? {} : { reason }) };
    try {
      return await deliver(workflowId, vote);
    } catch (error) {
      // Gone while we were on our way: the row says whether it was decided.
      const meanwhile = await closed(orgId, reviewId);
      if (meanwhile !== undefined) return meanwhile;
      if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)) throw unreachable(error);
      try {
        await revive(orgId, eventId);
        return await deliver(workflowId, vote);
      } catch (cause) {
        throw unreachable(cause);
      }
    }
  };
}

const unreachable = (cause: unknown): DecisionUnavailable =>
  new DecisionUnavailable('the review could not be reached; nothing is known to be recorded', { cause });
