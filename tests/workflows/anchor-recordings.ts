import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { anchorCheckpoints } from '../../workflows/anchor-checkpoints.ts';
import { anchorId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { createSignedLog } from '../support/signed-log.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { HISTORIES_MASTER_KEY } from './histories-key.ts';
import { LOOPBACK } from './notices.ts';
import { eventNames, type History } from './run-history.ts';
import { openStage, type Stage } from './stage.ts';
import { until } from '../support/until.ts';

interface Anchoring {
  receiver: WebhookReceiver;
  /** The run of the schedule; resolves when it has started what it starts. */
  survey: () => Promise<WorkflowHandle<typeof anchorCheckpoints>>;
  runOf: (anchor: string) => WorkflowHandle;
}

/** A stage of its own with a directory and a webhook, more checkpoints than one page holds, and a product that shows them. */
async function anchoring(record: (anchoring: Anchoring) => Promise<History>): Promise<History> {
  const [receiver, directory] = await Promise.all([startWebhookReceiver(), mkdtemp(join(tmpdir(), 'mastguard-anchor-'))]);
  const stage = await openStage({
    masterKey: HISTORIES_MASTER_KEY,
    outbound: LOOPBACK,
    anchors: [
      { driver: 'directory', name: 'bucket', path: directory },
      { driver: 'webhook', name: 'keeper', url: `${receiver.url}/anchor`, secret: `whsec_${'A'.repeat(32)}` },
    ],
  });
  const log = createSignedLog(stage.adminUrl);
  try {
    await log.sign(stage.orgId, 150);
    await stage.open(['maintenance']);
    await stage.temporal.schedule.getHandle('anchor-checkpoints').pause();
    const runOf = (anchor: string): WorkflowHandle => stage.temporal.workflow.getHandle(anchorId(anchor));
    const survey = async () => {
      const handle = await stage.temporal.workflow.start<typeof anchorCheckpoints>('anchorCheckpoints', {
        taskQueue: TASK_QUEUE.maintenance,
        workflowId: `anchor-checkpoints-${randomUUID()}`,
      });
      await handle.result();
      return handle;
    };
    return await record({ receiver, survey, runOf });
  } finally {
    await stage.stop();
    await Promise.all([log.close(), receiver.close(), rm(directory, { recursive: true })]);
  }
}

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** Until the run waits for its next try. */
const tried = (handle: WorkflowHandle): Promise<boolean> =>
  until(async () => ((await handle.describe()).raw.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) > 1));

/** Runs that show checkpoints to the outside, in every state. For record-histories.ts; each has a stage of its own. */
export const ANCHOR_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  'anchor-checkpoints.started': () => anchoring(async ({ survey }) => (await survey()).fetchHistory()),
  'anchor-checkpoints.under-way': () =>
    anchoring(async ({ receiver, survey, runOf }) => {
      await receiver.down();
      await survey();
      await ended(runOf('bucket'));
      return (await survey()).fetchHistory();
    }),
  'anchor-checkpoints.nothing-waits': () =>
    anchoring(async ({ survey, runOf }) => {
      await survey();
      await Promise.all([ended(runOf('bucket')), ended(runOf('keeper'))]);
      return (await survey()).fetchHistory();
    }),
  'publish-to-anchor.several-pages': () =>
    anchoring(async ({ survey, runOf }) => {
      await survey();
      return ended(runOf('bucket'));
    }),
  'publish-to-anchor.down': () =>
    anchoring(async ({ receiver, survey, runOf }) => {
      await receiver.down();
      await survey();
      await tried(runOf('keeper'));
      const history = await runOf('keeper').fetchHistory();
      if ((await eventNames(runOf('keeper'))).includes('WORKFLOW_EXECUTION_COMPLETED')) throw new Error('the run has ended');
      return history;
    }),
  'publish-to-anchor.back-again': () =>
    anchoring(async ({ receiver, survey, runOf }) => {
      await receiver.down();
      await survey();
      await tried(runOf('keeper'));
      await receiver.up();
      return ended(runOf('keeper'));
    }),
  'publish-to-anchor.refused': () =>
    anchoring(async ({ receiver, survey, runOf }) => {
      receiver.answer('/anchor', 410);
      await survey();
      return ended(runOf('keeper'));
    }),
};
