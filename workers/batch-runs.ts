import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { BatchActivities } from '../activities/batch-decision.ts';
import { type BatchDecisionRequest, DecisionUnavailable, type GovernanceRuntime } from '../api/governance-runtime.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { Json } from '../schemas/json.ts';
import type { decideReviews } from '../workflows/decide-reviews.ts';
import { decideReviewsId } from '../workflows/ids.ts';
import { batchUpdate } from '../workflows/messages.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';

export interface BatchRunsDeps {
  client: Client;
  vault: Pick<SubjectVault, 'keyed'>;
  steps: Pick<BatchActivities, 'decideBatch'>;
  timeoutMs?: number;
  /** A run that has not answered by then is left to itself, and the votes are taken here as well. */
  patienceMs?: number;
}

/**
 * Runs one workflow per batch of decisions, and asks it what became of them. A person does not wait for a busy worker, nor for Temporal
 * to come back: then the votes are taken here too, and whichever comes second finds each of them recorded.
 */
export function createBatchRuns({ client, vault, steps, timeoutMs = 5_000, patienceMs = 500 }: BatchRunsDeps): GovernanceRuntime['decideMany'] {
  return async function decideMany(request) {
    const { orgId, memberId, via, decisions } = request;
    const batch = { orgId, batchKey: batchKeyOf(vault, request), memberId, via, decisions };
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof decideReviews>('decideReviews', {
      taskQueue: TASK_QUEUE.governance,
      workflowId: decideReviewsId(orgId, batch.batchKey),
      // A retry attaches to the run; one that comes after its end takes the same votes again, and each of them stands already.
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      args: [batch],
      staticSummary: `${decisions.length} decisions of ${memberId}`,
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
    });
    const answered = new AbortController();
    const asked = callWithin(client, timeoutMs, () => client.workflow.executeUpdateWithStart(batchUpdate, { updateId: 'answers', startWorkflowOperation }));
    const own = sleep(patienceMs, undefined, { signal: answered.signal }).then(async () => (await steps.decideBatch(batch)).answers);
    try {
      return await Promise.any([asked, own]);
    } catch (cause) {
      throw new DecisionUnavailable('the decisions are not known to be recorded; a retry with the same request id attaches', { cause });
    } finally {
      answered.abort();
    }
  };
}

/** From request id, person and decisions: a request id that is used twice for different batches makes two of them. Keyed, for it is part of an id that is not encrypted. */
export function batchKeyOf(
  vault: Pick<SubjectVault, 'keyed'>,
  { orgId, requestId, memberId, decisions }: Pick<BatchDecisionRequest, 'orgId' | 'requestId' | 'memberId' | 'decisions'>,
): string {
  const text = canonicalize([requestId, memberId, decisions] as unknown as Json);
  return `${requestId}/${vault.keyed(orgId, 'batch', text).slice(0, 32)}`;
}
