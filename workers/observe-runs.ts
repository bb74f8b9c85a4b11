import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { DecisionUnavailable, type ObserveItem, type ObserveRequest } from '../api/governance-runtime.ts';
import { decidedFromRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { isSameEvent } from '../db/event-digest.ts';
import { findRecordedEvents } from '../db/queries/ledger.ts';
import { observeEventsId } from '../workflows/ids.ts';
import type { observeEvents } from '../workflows/observe-events.ts';
import { DECISION_TASK_TIMEOUT, TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';
import type { Waiters } from './waiters.ts';
import { within } from './within.ts';

const START_TIMEOUT_MS = 900;
/** A run that has begun in this process hands its answers over; only when it has not for so long is it asked for them. */
const HAND_OVER_MS = 1_000;

export interface ObserveRunsDeps {
  client: Client;
  sql: Sql;
  waiters: Waiters<ObserveItem[]>;
  deadlineMs: number;
  eager: boolean;
}

interface Reading {
  afterMs: number;
  signal: AbortSignal;
}

/** Runs one workflow per batch. The batch's id comes from its events, so a retried batch is the same run and every item its own record. */
export function createObserveRuns({ client, sql, waiters, deadlineMs, eager }: ObserveRunsDeps) {
  /** What the ledger has of the batch, once its run has ended: where another process does the work, or has done it. Nothing is read once `signal` is set. */
  const readWhenEnded = async ({ orgId, events }: ObserveRequest, workflowId: string, { afterMs, signal }: Reading): Promise<ObserveItem[]> => {
    if (afterMs > 0) await sleep(afterMs, undefined, { signal });
    await client.workflow.getHandle(workflowId).result();
    signal.throwIfAborted();
    const rows = await findRecordedEvents(sql, { orgId, eventIds: events.map(({ event }) => event.id) });
    return events.map((sent): ObserveItem => {
      const eventId = sent.event.id;
      const row = rows.get(eventId);
      if (row === undefined) return { kind: 'quota', eventId };
      return isSameEvent(row.digest, sent) ? decidedFromRecord(row.body, row) : { kind: 'conflict', eventId };
    });
  };

  /** True where the run has begun in this process. */
  const start = async (request: ObserveRequest, workflowId: string): Promise<boolean> => {
    try {
      const { eagerlyStarted } = await callWithin(client, START_TIMEOUT_MS, () =>
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
      return eagerlyStarted;
    } catch (error) {
      // The same batch is under way: wait for it with the others.
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  };

  return async function observe(request: ObserveRequest): Promise<ObserveItem[]> {
    const workflowId = observeEventsId(request.orgId, batchKey(request));
    const answered = waiters.wait(workflowId);
    const over = new AbortController();
    try {
      const isHere = await start(request, workflowId);
      const elsewhere = readWhenEnded(request, workflowId, { afterMs: isHere ? HAND_OVER_MS : 0, signal: over.signal });
      return await within(Promise.any([answered, elsewhere]), deadlineMs * 5, () => new DecisionUnavailable('the batch was not recorded in time'));
    } catch (error) {
      throw error instanceof DecisionUnavailable ? error : new DecisionUnavailable('the batch could not be handed over', { cause: error });
    } finally {
      over.abort();
      waiters.forget(workflowId);
    }
  };
}

export function batchKey({ events }: Pick<ObserveRequest, 'events'>): string {
  const hash = createHash('sha256');
  for (const { digest } of events) hash.update(digest);
  return hash.digest('hex').slice(0, 32);
}
