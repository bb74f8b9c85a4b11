import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { DecisionUnavailable, type ReviewOutcome, type ReviewRequest } from '../api/governance-runtime.ts';
import type { Sql } from '../db/client.ts';
import { loadReviewLadder } from '../db/queries/review-steps.ts';
import { governEventId } from '../workflows/ids.ts';
import { reviewUpdate } from '../workflows/messages.ts';

export interface ReviewRunsDeps {
  client: Client;
  sql: Sql;
  timeoutMs?: number;
}

/** Hands a reviewer's decision to the waiting run. The request id is the update's id, so a retried click is one decision. */
export function createReviewRuns({ client, sql, timeoutMs = 5_000 }: ReviewRunsDeps) {
  return async function review({ orgId, reviewId, eventId, verb, reason, reviewer, requestId }: ReviewRequest): Promise<ReviewOutcome> {
    const before = await loadReviewLadder(sql, { orgId, reviewId });
    if (before !== undefined && before.status !== 'pending') return { kind: 'closed', status: before.status, last: before.state.steps.at(-1) ?? null };
    const handle = client.workflow.getHandle(governEventId(orgId, eventId));
    const vote = { requestId, verb, reviewer, ...(reason === undefined ? {} : { reason }) };
    try {
      const outcome = await client.withDeadline(Date.now() + timeoutMs, () => handle.executeUpdate(reviewUpdate, { updateId: `review-${requestId}`, args: [vote] }));
      switch (outcome.kind) {
        case 'recorded':
          return { kind: 'recorded', status: outcome.position.status };
        case 'closed':
          return { kind: 'closed', status: outcome.position.status, last: outcome.position.last };
        case 'refused':
          return { kind: 'refused', code: outcome.code, detail: outcome.detail };
      }
    } catch (error) {
      // Closed while we were on our way: the row says how.
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError) {
        const row = await loadReviewLadder(sql, { orgId, reviewId });
        if (row !== undefined && row.status !== 'pending') return { kind: 'closed', status: row.status, last: row.state.steps.at(-1) ?? null };
      }
      throw new DecisionUnavailable('the review could not be reached; nothing is known to be recorded', { cause: error });
    }
  };
}
