import { proxyActivities } from '@temporalio/workflow';
import type { WebhookActivities, WebhookTestRequest } from '../activities/webhook.ts';
import type { WebhookTest } from '../schemas/webhook.ts';
import { WEBHOOK_SEND } from './options.ts';

const { sendWebhookTest } = proxyActivities<WebhookActivities>(WEBHOOK_SEND);

/** Sends a test message once, from where real ones are sent. Somebody waits for the answer. */
export async function testWebhook(request: WebhookTestRequest): Promise<WebhookTest> {
  return sendWebhookTest(request);
}
