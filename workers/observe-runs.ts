import { createHash } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { DecisionUnavailable, type ObserveItem, type ObserveRequest } from '../api/governance-runtime.ts';
import { decisionFromRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { isSameEvent } from '../db/event-digest.ts';
import { findRecordedEvent } from '../db/queries/ledger.ts';
import { observeEventsId } from '../workflows/ids.ts';
import type { observeEvents } from '../workflows/observe-events.ts';
import { DECISION_TASK_TIMEOUT, TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';
import type { Waiters } from './waiters.ts';
import { within } from './within.ts';

const START_TIMEOUT_MS = 900;

export interface ObserveRunsDeps {
  client: Client;
  sql: Sql;
  waiters: Waiters<ObserveItem[]>;
  deadlineMs: number;
  eager: boolean;
}

/** Runs one workflow per batch. The batch's id comes from its events, so a retried batch is the same run and every item its own record. */
export function createObserveRuns({ client, sql, waiters, deadlineMs, eager }: ObserveRunsDeps) {
  const readItem = async (orgId: string, event: ObserveRequest['events'][number]): Promise<ObserveItem> => {
    const row = await findRecordedEvent(sql, { orgId, eventId: event.event.id });
    if (row === undefined) return { kind: 'quota', eventId: event.event.id };
    if (!isSameEvent(row.digest, event)) return { kind: 'conflict', eventId: event.event.id };
    return { kind: 'decided', decision: decisionFromRecord(row.body, row) };
  };

  const start = async (request: ObserveRequest, workflowId: string): Promise<void> => {
    try {
      await callWithin(client, START_TIMEOUT_MS, () =>
        client.workflow.start<typeof observeEvents>('observeEvents', {
          taskQueue: TASK_QUEUE.governance,
          workflowId,
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          workflowTaskTimeout: DECISION_TASK_TIMEOUT,
          requestEagerStart: eager,
          args: [request],
          staticSummary: `${request.events.length} observed events`,
          typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: request.orgId }]),
        }),
      );
    } catch (error) {
      // The same batch is under way: wait for it with the others.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };

  return async function observe(request: ObserveRequest): Promise<ObserveItem[]> {
    const workflowId = observeEventsId(request.orgId, batchKey(request));
    const answered = waiters.wait(workflowId);
    try {
      await start(request, workflowId);
      // Where another process does the work, or has done it, the run's end tells when the ledger can be read.
      const elsewhere = client.workflow
        .getHandle(workflowId)
        .result()
        .then(() => Promise.all(request.events.map((event) => readItem(request.orgId, event))));
      return await within(Promise.any([answered, elsewhere]), deadlineMs * 5, () => new DecisionUnavailable('the batch was not recorded in time'));
    } catch (error) {
      throw error instanceof DecisionUnavailable ? error : new DecisionUnavailable('the batch could not be handed over', { cause: error });
    } finally {
      waiters.forget(workflowId);
    }
  };
}

export function batchKey({ events }: Pick<ObserveRequest, 'events'>): string {
  const hash = createHash('sha256');
  for (const { digest } of events) hash.update(digest);
  return hash.digest('hex').slice(0, 32);
}
