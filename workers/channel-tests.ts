import type { Client } from '@temporalio/client';
import type { ChannelTestRequest } from '../activities/notification.ts';
import type { ChannelTest } from '../schemas/channel.ts';
import { testChannelId } from '../workflows/ids.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import type { testChannel } from '../workflows/test-channel.ts';
import { runTest } from './run-test.ts';

/** A test notice over one channel. @throws DecisionUnavailable */
export const runChannelTest = (client: Client, request: ChannelTestRequest): Promise<ChannelTest> =>
  runTest<typeof testChannel>(client, 'testChannel', {
    taskQueue: TASK_QUEUE.notices,
    workflowId: testChannelId(request.orgId, request.channelId, request.testId),
    args: [request],
  });
