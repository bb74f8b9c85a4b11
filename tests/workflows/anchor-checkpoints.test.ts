import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificatesOf } from '../../activities/anchors/pem-certificates.ts';
import { parseVkey, type Vkey } from '../../core/ledger/note.ts';
import { type AnchorReceiptRow, listAnchorReceipts } from '../../db/queries/anchors.ts';
import type { AnchorConfig } from '../../workers/anchor-config.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import type { anchorCheckpoints } from '../../workflows/anchor-checkpoints.ts';
import { anchorId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { createSignedLog, type SignedLog } from '../support/signed-log.ts';
import { startTimeStampAuthority, type TimeStampAuthority } from '../support/time-stamp-authority.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { startWitness, type TestWitness } from '../support/witness.ts';
import { LOOPBACK } from './notices.ts';
import { openStage, type Stage } from './stage.ts';
import { until } from '../support/until.ts';

let stage: Stage;
let log: SignedLog;
let directory: string;
let authority: TimeStampAuthority;
let witness: TestWitness;
let receiver: WebhookReceiver;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mastguard-anchor-'));
  [authority, receiver] = await Promise.all([startTimeStampAuthority(), startWebhookReceiver()]);
});
afterEach(async () => {
  await stage.stop();
  await Promise.all([log.close(), authority.close(), witness.close(), receiver.close(), rm(directory, { recursive: true })]);
});

/** A stage whose products have all four anchors, with the log's key known to the witness. */
async function open(): Promise<void> {
  // The witness must know the log and the product the witness: names and keys first, the database after.
  const logs: Record<string, string> = {};
  witness = await startWitness({ name: 'witness.example/w1', logs });
  const anchors: AnchorConfig[] = [
    { driver: 'directory', name: 'bucket', path: directory },
    { driver: 'tsa', name: 'clock', url: authority.url, roots: certificatesOf(await readFile(authority.rootsFile, 'utf8')) },
    { driver: 'witness', name: 'witness', url: witness.url, vkey: parseVkey(witness.vkey, sha256) as Vkey },
    { driver: 'webhook', name: 'keeper', url: `${receiver.url}/anchor`, secret: `whsec_${'A'.repeat(32)}` },
  ];
  stage = await openStage({ anchors, outbound: LOOPBACK });
  log = createSignedLog(stage.adminUrl);
  logs[log.origin] = log.vkey;
  await log.sign(stage.orgId, 2);
  // The tests are the schedule: one that is paused stays so, whatever minute is over while the product opens.
  await stage.temporal.schedule.create({
    scheduleId: 'anchor-checkpoints',
    spec: {},
    action: { type: 'startWorkflow', workflowType: 'anchorCheckpoints', taskQueue: TASK_QUEUE.maintenance },
    state: { paused: true },
  });
  await stage.open(['maintenance']);
}

/** What the schedule starts every minute. */
const run = () =>
  stage.temporal.workflow.execute<typeof anchorCheckpoints>('anchorCheckpoints', {
    taskQueue: TASK_QUEUE.maintenance,
    workflowId: `anchor-checkpoints-${Math.random()}`,
  });
const runOf = (anchor: string) => stage.temporal.workflow.getHandle(anchorId(anchor));
const receipts = async (anchor: string): Promise<AnchorReceiptRow[]> => listAnchorReceipts(stage.sql, { orgId: stage.orgId, anchor, limit: 100 });

test('all four are shown the checkpoints, each in its way, and what they answer can be checked by itself', async () => {
  await open();
  expect(await run()).toEqual({ started: ['bucket', 'clock', 'witness', 'keeper'], underWay: [] });
  expect(await runOf('bucket').result()).toEqual({ anchored: 3, refused: 0 });
  for (const name of ['clock', 'witness', 'keeper']) expect(await runOf(name).result()).toEqual({ anchored: 1, refused: 0 });

  expect((await readdir(directory, { recursive: true })).filter((file) => file.endsWith('.note'))).toHaveLength(3);
  const [stamped] = await receipts('clock');
  expect(await authority.verify(Buffer.from(stamped?.receipt ?? '', 'base64'), stamped?.note ?? '')).toContain('Verification: OK');
  expect(witness.known.get(log.origin)?.size).toBe(2);
  expect(JSON.parse(receiver.to('/anchor')[0]?.body ?? '')).toMatchObject({ data: { number: 1, size: 2, note: stamped?.note } });
  expect(await run()).toEqual({ started: [], underWay: [] });
});

test('the witness is shown that the log has only grown, over many tiles', async () => {
  await open();
  for (const times of [1, 260, 300]) {
    await log.sign(stage.orgId, times);
    await run();
    await runOf('witness').result();
  }
  expect(witness.known.get(log.origin)?.size).toBe(563);
  expect(witness.requests.map((request) => request.split('\n')[0])).toEqual(['old 0', 'old 3', 'old 263']);
});

test('one that is down holds up none of the others, is not started twice, and is shown the newest when it is back', async () => {
  await open();
  await receiver.down();
  expect((await run()).started).toContain('keeper');
  for (const name of ['bucket', 'clock', 'witness']) await runOf(name).result();
  await until(async () => (await runOf('keeper').describe()).raw.pendingActivities?.some(({ attempt }) => (attempt ?? 0) > 1));

  await log.sign(stage.orgId);
  expect(await run()).toEqual({ started: ['bucket', 'clock', 'witness'], underWay: ['keeper'] });
  for (const name of ['bucket', 'clock', 'witness']) await runOf(name).result();
  expect([(await receipts('bucket')).length, (await receipts('clock')).length, (await receipts('keeper')).length]).toEqual([5, 2, 0]);

  await receiver.up();
  expect(await runOf('keeper').result()).toEqual({ anchored: 1, refused: 0 });
  expect((await receipts('keeper')).map(({ number }) => number)).toEqual([2]);
});

test('one that refuses ends its run as failed, and the next run tries again', async () => {
  await open();
  receiver.answer('/anchor', 410);
  await run();
  await expect(runOf('keeper').result()).rejects.toMatchObject({ cause: { cause: { type: 'anchor-refused', message: 'answered 410' } } });
  // Another anchor may still wait for its turn.
  expect((await run()).started).toContain('keeper');
  expect(await runOf('keeper').result()).toEqual({ anchored: 1, refused: 0 });
});

test('an answer that could not be recorded: it is shown again, and there is one receipt', async () => {
  await open();
  // Every answer comes when the database is away.
  witness.beforeAnswer(() => stage.proxy.cut());
  await run();
  await until(async () => witness.requests.length > 0);
  await until(async () => (await runOf('witness').describe()).raw.pendingActivities?.some(({ attempt }) => (attempt ?? 0) > 1));
  witness.beforeAnswer(() => undefined);
  stage.proxy.restore();
  expect(await runOf('witness').result()).toEqual({ anchored: 1, refused: 0 });
  expect((await receipts('witness')).map(({ number, status }) => [number, status])).toEqual([[1, 'anchored']]);
  // It was told what the witness knows by then, and went on from there.
  expect(witness.requests.map((request) => request.split('\n')[0])).toEqual(expect.arrayContaining(['old 0', 'old 2']));
});
