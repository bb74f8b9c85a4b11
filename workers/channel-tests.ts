import type { Client } from '@temporalio/client';
import { DecisionUnavailable } from '../api/governance-runtime.ts';
import type { ChannelTestRequest } from '../activities/notification.ts';
import type { ChannelTest } from '../schemas/channel.ts';
import { testChannelId } from '../workflows/ids.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import type { testChannel } from '../workflows/test-channel.ts';
import { callWithin } from './call-within.ts';

/** Has a test sent by the process that sends the real messages: it alone has the mail server and the way out. */
export async function runChannelTest(client: Client, request: ChannelTestRequest, timeoutMs = 25_000): Promise<ChannelTest> {
  const { orgId, channelId, testId } = request;
  try {
    return await callWithin(client, timeoutMs, () =>
      client.workflow.execute<typeof testChannel>('testChannel', {
        taskQueue: TASK_QUEUE.notices,
        workflowId: testChannelId(orgId, channelId, testId),
        workflowExecutionTimeout: timeoutMs,
        args: [request],
      }),
    );
  } catch (cause) {
    throw new DecisionUnavailable('the test could not be made', { cause });
  }
}
