import { type Client, type WorkflowHandleWithStartDetails, WorkflowIdReusePolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import type { governEvent } from '../workflows/govern-event.ts';
import { governEventId } from '../workflows/ids.ts';
import { DECISION_TASK_TIMEOUT, TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';

export interface StartOptions {
  /** Ask for the first task with the start's answer: needs a decision worker on the same connection. */
  eager: boolean;
  timeoutMs: number;
}

/** Starts the run of an event. Throws `WorkflowExecutionAlreadyStartedError` where it runs or has completed. */
export function startGovernEvent(
  client: Client,
  input: GovernEventInput,
  { eager, timeoutMs }: StartOptions,
): Promise<WorkflowHandleWithStartDetails<typeof governEvent>> {
  const { orgId, event, digest } = input;
  return callWithin(client, timeoutMs, () =>
    client.workflow.start<typeof governEvent>('governEvent', {
      taskQueue: TASK_QUEUE.governance,
      workflowId: governEventId(orgId, event.id),
      // A run that failed (quota, operator) recorded nothing, or its record answers: it may be started again.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      workflowTaskTimeout: DECISION_TASK_TIMEOUT,
      requestEagerStart: eager,
      args: [input],
      memo: { digest },
      staticSummary: `${event.agentId}: ${event.action}${event.sessionId === undefined ? '' : ` (session ${event.sessionId})`}`,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SEARCH_ATTRIBUTE.orgId, value: orgId },
        { key: SEARCH_ATTRIBUTE.agentId, value: event.agentId },
      ]),
    }),
  );
}
