import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { WebhookRound } from '../../activities/webhook.ts';
import { drawWebhookKeys } from '../../api/access/webhook-keys.ts';
import { auditEntry } from '../../api/audit.ts';
import { listWebhookDeliveries } from '../../db/queries/webhook-deliveries.ts';
import { createWebhookEndpoint } from '../../db/queries/webhook-endpoints.ts';
import { createWebhookSeals } from '../../db/webhook-seal.ts';
import type { deliverWebhook } from '../../workflows/deliver-webhook.ts';
import { deliverWebhookId, testWebhookId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { testWebhook } from '../../workflows/test-webhook.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { HISTORIES_MASTER_KEY } from './histories-key.ts';
import { atRest, type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';
import { until } from '../support/until.ts';

interface Telling {
  receiver: WebhookReceiver;
  orgId: string;
  endpointId: string;
  /** Decides an event that is told of; answers the run that delivers the message, once it is there. */
  tell: () => Promise<{ round: WebhookRound; handle: WorkflowHandle }>;
  /** Starts a run of our own for the same message. */
  startAnew: (round: WebhookRound, waitsMs: number[]) => Promise<WorkflowHandle>;
}

/** An organisation of its own with one endpoint. */
async function telling<T>(stage: Stage, record: (parts: Telling) => Promise<T>, masterKey = HISTORIES_MASTER_KEY): Promise<T> {
  const receiver = await startWebhookReceiver();
  try {
    const { sql, temporal } = stage;
    const { orgId } = await stage.addOrganization();
    const endpointId = `whe_${randomUUID()}`;
    const config = createWebhookSeals(masterKey).endpoint.seal({ url: `${receiver.url}/hook`, keys: [drawWebhookKeys()] }, { orgId, id: endpointId });
    const audit = auditEntry({ type: 'webhook.endpoint-created', actor: 'system', target: endpointId, requestId: 'req_test' });
    await createWebhookEndpoint(sql, {
      orgId,
      id: endpointId,
      name: 'test',
      config,
      types: ['governance.decision.blocked'],
      createdBy: 'system',
      most: 1,
      audit,
    });
    let told = 0;
    const tell: Telling['tell'] = async () => {
      const foreign = { action: 'read_record', principal: { org: 'acme' }, resource: { type: 'record', id: '1', ownerOrg: 'globex' } };
      await (await stage.start(stage.inputOf(foreign, orgId))).result();
      told += 1;
      const [newest] = await until(async () => {
        const log = await listWebhookDeliveries(sql, { orgId, endpointId, limit: 10 });
        return log.length === told && log;
      });
      const round = { orgId, endpointId, messageId: newest?.messageId ?? '', round: 1 };
      const handle = temporal.workflow.getHandle(deliverWebhookId(round));
      await until(async () => (await handle.describe().catch(() => undefined)) !== undefined);
      return { round, handle };
    };
    const startAnew: Telling['startAnew'] = (round, waitsMs) =>
      temporal.workflow.start<typeof deliverWebhook>('deliverWebhook', {
        taskQueue: TASK_QUEUE.webhooks,
        workflowId: deliverWebhookId(round),
        args: [{ ...round, waitsMs }],
      });
    return await record({ receiver, orgId, endpointId, tell, startAnew });
  } finally {
    await receiver.close();
  }
}

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** Histories of what is sent to customers' systems, for record-histories.ts. */
export const WEBHOOK_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  'deliver-webhook.delivered': (stage) => telling(stage, async ({ tell }) => ended((await tell()).handle)),
  'deliver-webhook.waits': (stage) =>
    telling(stage, async ({ receiver, tell }) => {
      receiver.answer('/hook', 503);
      const { handle } = await tell();
      await seen(handle, 'TIMER_STARTED');
      return atRest(handle);
    }),
  'deliver-webhook.delivered-at-second-try': (stage) =>
    telling(stage, async ({ receiver, tell }) => {
      receiver.answer('/hook', 503);
      return ended((await tell()).handle);
    }),
  'deliver-webhook.gone': (stage) =>
    telling(stage, async ({ receiver, tell }) => {
      receiver.answer('/hook', 410);
      return ended((await tell()).handle);
    }),
  'deliver-webhook.given-up': (stage) =>
    telling(stage, async ({ receiver, tell, startAnew }) => {
      receiver.answer('/hook', 500, 500, 500);
      const { round, handle } = await tell();
      await seen(handle, 'TIMER_STARTED');
      await handle.terminate('recording');
      return ended(await startAnew(round, [0, 100]));
    }),
  'deliver-webhook.held-back': (stage) =>
    telling(stage, async ({ receiver, tell }) => {
      receiver.answer('/hook', { status: 429, headers: { 'retry-after': '600' } });
      await seen((await tell()).handle, 'TIMER_STARTED');
      const { handle } = await tell();
      await seen(handle, 'TIMER_STARTED');
      return atRest(handle);
    }),
  'deliver-webhook.over': (stage) =>
    telling(stage, async ({ tell, startAnew }) => {
      const { round, handle } = await tell();
      await handle.result();
      return ended(await startAnew(round, [0, 100]));
    }),
  // Sealed with another key, so that every try breaks off.
  'deliver-webhook.broke-off': (stage) =>
    telling(
      stage,
      async ({ tell }) => {
        const { handle } = await tell();
        await seen(handle, 'TIMER_STARTED');
        return atRest(handle);
      },
      Buffer.alloc(32, 99),
    ),
  'test-webhook.delivered': (stage) =>
    telling(stage, async ({ orgId, endpointId }) => {
      const testId = randomUUID();
      const request = { orgId, endpointId, testId };
      const options = { taskQueue: TASK_QUEUE.webhooks, workflowId: testWebhookId(orgId, endpointId, testId), args: [request] as [typeof request] };
      return ended(await stage.temporal.workflow.start<typeof testWebhook>('testWebhook', options));
    }),
};
