import { proxyActivities } from '@temporalio/workflow';
import type { ChannelTestRequest, NotificationActivities } from '../activities/notification.ts';
import type { ChannelTest } from '../schemas/channel.ts';
import { NOTICE_SEND } from './options.ts';

const { sendTest } = proxyActivities<NotificationActivities>(NOTICE_SEND);

/** Sends a test message once, from where real ones are sent. Somebody waits for the answer. */
export async function testChannel(request: ChannelTestRequest): Promise<ChannelTest> {
  return sendTest(request);
}
