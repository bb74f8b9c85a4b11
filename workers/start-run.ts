import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, type WorkflowStartOptions } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { callWithin } from './call-within.ts';

/** Starts a run, or leaves the one that runs: some row says what there is to do, so one that failed or was terminated is started again. */
export async function startRun<Run extends Workflow>(client: Client, type: string, timeoutMs: number, options: WorkflowStartOptions<Run>): Promise<void> {
  const start = () => client.workflow.start<Run>(type, { ...options, workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE });
  await callWithin(client, timeoutMs, start).catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
}
