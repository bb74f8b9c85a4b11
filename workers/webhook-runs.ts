import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { WebhookTestRequest } from '../activities/webhook.ts';
import type { UnstartedDelivery } from '../db/queries/webhook-feed.ts';
import type { WebhookTest } from '../schemas/webhook.ts';
import type { deliverWebhook } from '../workflows/deliver-webhook.ts';
import { deliverWebhookId, testWebhookId } from '../workflows/ids.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import type { testWebhook } from '../workflows/test-webhook.ts';
import { runTest } from './run-test.ts';
import { startRun } from './start-run.ts';

/** Starts the run of a delivery, or leaves the one that runs. One that was lost is started again as long as the row says that it is pending. */
export async function startDelivery(
  client: Client,
  { orgId, endpointId, messageId, type, round }: UnstartedDelivery,
  waitsMs: readonly number[],
  timeoutMs = 2_000,
): Promise<void> {
  await startRun<typeof deliverWebhook>(client, 'deliverWebhook', timeoutMs, {
    taskQueue: TASK_QUEUE.webhooks,
    workflowId: deliverWebhookId({ orgId, endpointId, messageId, round }),
    args: [{ orgId, endpointId, messageId, round, waitsMs }],
    staticSummary: `${type}, endpoint ${endpointId}`,
    typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
  });
}

/** A test message to one endpoint. @throws DecisionUnavailable */
export const runWebhookTest = (client: Client, request: WebhookTestRequest): Promise<WebhookTest> =>
  runTest<typeof testWebhook>(client, 'testWebhook', {
    taskQueue: TASK_QUEUE.webhooks,
    workflowId: testWebhookId(request.orgId, request.endpointId, request.testId),
    args: [request],
  });
