import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { deliverNotificationId, notifyReviewersId, testChannelId } from '../../workflows/ids.ts';
import { decisionUpdate, ladderQuery, reviewUpdate } from '../../workflows/messages.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { testChannel } from '../../workflows/test-channel.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { HISTORIES_MASTER_KEY } from './histories-key.ts';
import { addChannel, REMINDING } from './notices.ts';
import { atRest, eventNames, type History, seen } from './run-history.ts';
import { type Stage, voteOf } from './stage.ts';
import { until } from '../support/until.ts';

/** A run that announces, in an organisation of its own with one channel. */
async function announced<T>(stage: Stage, action: string, record: (run: Announced) => Promise<T>): Promise<T> {
  const receiver = await startWebhookReceiver();
  try {
    const { orgId, keyOf } = await stage.addOrganization({ policy: REMINDING });
    await keyOf('Reviewer');
    const channelId = await addChannel(stage, HISTORIES_MASTER_KEY, { orgId, url: `${receiver.url}/hook`, occasions: ['asked', 'reminded', 'decided'] });
    const open = async (): Promise<{ handle: WorkflowHandle; asked: Asked }> => {
      const input = stage.inputOf({ action }, orgId);
      const handle = await stage.start(input);
      const { review } = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
      const position = await until(async () => (await handle.query(ladderQuery).catch(() => null)) ?? undefined);
      return { handle, asked: { orgId, reviewId: review?.id ?? '', occasion: 'asked', level: 0, askedAtMs: position.askedAtMs ?? 0, round: 0 } };
    };
    return await record({ stage, receiver, orgId, channelId, open });
  } finally {
    await receiver.close();
  }
}

type Asked = Parameters<typeof notifyReviewersId>[0];
interface Announced {
  stage: Stage;
  receiver: WebhookReceiver;
  orgId: string;
  channelId: string;
  open: () => Promise<{ handle: WorkflowHandle; asked: Asked }>;
}

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};
const deliveryOf = ({ stage, channelId }: Announced, asked: Asked): WorkflowHandle =>
  stage.temporal.workflow.getHandle(deliverNotificationId({ ...asked, channelId, memberId: null, notificationId: '' }));
const whenStarted = async (handle: WorkflowHandle): Promise<WorkflowHandle> => {
  await until(async () => (await handle.describe().catch(() => undefined)) !== undefined);
  return handle;
};

/** Histories of everything that tells people about reviews, for record-histories.ts. */
export const NOTICE_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  'govern-event.announced-pending': (stage) =>
    announced(stage, 'transfer', async ({ open }) => {
      const { handle } = await open();
      await seen(handle, 'CHILD_WORKFLOW_EXECUTION_STARTED');
      return atRest(handle);
    }),
  'govern-event.announced-approved': (stage) =>
    announced(stage, 'transfer', async ({ open }) => {
      const { handle } = await open();
      await seen(handle, 'CHILD_WORKFLOW_EXECUTION_STARTED');
      await handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
      return ended(handle);
    }),
  'govern-event.reminded-and-escalated': (stage) =>
    announced(stage, 'remind', async ({ open }) => {
      const { handle } = await open();
      // Reminders, the end of the first level, and the second one asked.
      await until(async () => (await handle.query(ladderQuery))?.level === 1);
      const count = async (name: string): Promise<number> => (await eventNames(handle)).filter((seenName) => seenName === name).length;
      await until(async () => (await count('CHILD_WORKFLOW_EXECUTION_STARTED')) === (await count('START_CHILD_WORKFLOW_EXECUTION_INITIATED')));
      return atRest(handle);
    }),
  'govern-event.announced-again': (stage) =>
    announced(stage, 'transfer', async ({ orgId, open }) => {
      const { handle } = await open();
      await seen(handle, 'CHILD_WORKFLOW_EXECUTION_STARTED');
      await handle.terminate('recording');
      const [, , eventId = ''] = handle.workflowId.split('/');
      const again = await stage.start(stage.inputOf({ id: eventId, action: 'transfer' }, orgId));
      await seen(again, 'START_CHILD_WORKFLOW_EXECUTION_FAILED');
      return atRest(again);
    }),
  'notify-reviewers.told': (stage) =>
    announced(stage, 'transfer', async ({ open }) => {
      const { asked } = await open();
      return ended(await whenStarted(stage.temporal.workflow.getHandle(notifyReviewersId(asked))));
    }),
  'notify-reviewers.nobody': (stage) =>
    announced(stage, 'remind', async ({ open }) => {
      const { handle, asked } = await open();
      await until(async () => (await handle.query(ladderQuery))?.level === 1);
      await handle.terminate('recording');
      // About an asking that never was.
      const args = [{ ...asked, askedAtMs: 1 }] as const;
      return ended(
        await stage.temporal.workflow.start('notifyReviewers', { taskQueue: TASK_QUEUE.notices, workflowId: notifyReviewersId(args[0]), args: [...args] }),
      );
    }),
  'deliver-notification.sent': (stage) => announced(stage, 'transfer', async (run) => ended(await whenStarted(deliveryOf(run, (await run.open()).asked)))),
  'deliver-notification.waits': (stage) =>
    announced(stage, 'transfer', async (run) => {
      run.receiver.answer('/hook', 503);
      return atRest(await whenStarted(deliveryOf(run, (await run.open()).asked)));
    }),
  'deliver-notification.sent-at-second-try': (stage) =>
    announced(stage, 'transfer', async (run) => {
      run.receiver.answer('/hook', 503);
      return ended(await whenStarted(deliveryOf(run, (await run.open()).asked)));
    }),
  'deliver-notification.failed': (stage) =>
    announced(stage, 'transfer', async (run) => {
      run.receiver.answer('/hook', 410);
      return ended(await whenStarted(deliveryOf(run, (await run.open()).asked)));
    }),
  'test-channel.delivered': (stage) =>
    announced(stage, 'transfer', async ({ orgId, channelId }) => {
      const testId = randomUUID();
      const request = { orgId, channelId, memberId: null, testId };
      const options = { taskQueue: TASK_QUEUE.notices, workflowId: testChannelId(orgId, channelId, testId), args: [request] as [typeof request] };
      return ended(await stage.temporal.workflow.start<typeof testChannel>('testChannel', options));
    }),
};
