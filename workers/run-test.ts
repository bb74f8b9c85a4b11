import type { Client, WorkflowStartOptions } from '@temporalio/client';
import type { Workflow, WorkflowResultType } from '@temporalio/common';
import { DecisionUnavailable } from '../api/governance-runtime.ts';
import { callWithin } from './call-within.ts';

const TIMEOUT_MS = 25_000;

/** Has a test message sent by the process that sends the real ones: it alone has the way out. @throws DecisionUnavailable */
export async function runTest<Run extends Workflow>(client: Client, type: string, options: WorkflowStartOptions<Run>): Promise<WorkflowResultType<Run>> {
  try {
    return await callWithin(client, TIMEOUT_MS, () => client.workflow.execute<Run>(type, { ...options, workflowExecutionTimeout: TIMEOUT_MS }));
  } catch (cause) {
    throw new DecisionUnavailable('the test could not be made', { cause });
  }
}
