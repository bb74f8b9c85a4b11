import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createRetentionActivities } from '../../activities/retention.ts';
import { placeHold } from '../../db/queries/holds.ts';
import type { PurgeProgress } from '../../db/queries/purge.ts';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { acquireTestServer } from '../../scripts/lib/temporal-binary.mjs';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { retentionPurge } from '../../workflows/retention-purge.ts';
import { addOrganization, auditOf } from '../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage, standing, unexplained } from '../support/purged-ledger.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {}, filter: 'OFF' } }, shutdownSignals: [] });

let environment: TestWorkflowEnvironment;
let workflowBundle: { code: string };
let stage: RetentionStage;

beforeAll(async () => {
  const path = await acquireTestServer({ progress: createProgress({ stream: process.stderr, live: false }) });
  environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
  workflowBundle = { code: await buildWorkflowBundle() };
});
afterAll(() => environment.teardown());
beforeEach(async () => {
  stage = await openRetentionStage();
});
afterEach(() => stage.stop());

type Activities = ReturnType<typeof createRetentionActivities>;
type Handle = WorkflowHandle<typeof retentionPurge>;

/** Runs a purge with a worker of its own; `around` may stand before a step. */
async function purge<T>(use: (handle: Handle) => Promise<T>, around: Partial<Record<keyof Activities, () => Promise<void>>> = {}): Promise<T> {
  const steps = createRetentionActivities({ sql: stage.purgeSql, pageSize: 2, batchSize: 5, batches: 3 });
  const activities = Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [
      name,
      async (request: never) => {
        await around[name as keyof Activities]?.();
        return step(request);
      },
    ]),
  );
  const worker = await Worker.create({ connection: environment.nativeConnection, taskQueue: TASK_QUEUE.maintenance, workflowBundle, activities });
  return worker.runUntil(async () =>
    use(
      await environment.client.workflow.start<typeof retentionPurge>('retentionPurge', {
        taskQueue: TASK_QUEUE.maintenance,
        workflowId: `purge-${randomUUID()}`,
      }),
    ),
  );
}

const result = (handle: Handle): Promise<PurgeProgress> => handle.result();
const organizations = async (count: number, records: number): Promise<string[]> => {
  const orgs: string[] = [];
  for (let made = 0; made < count; made += 1) {
    orgs.push(await addOrganization(stage.sql, { retentionDays: 7 }));
    await stage.append(orgs.at(-1) ?? '', records);
  }
  return orgs;
};

test('a run purges page after page of organisations, and what is left of each batch after batch', async () => {
  const orgs = await organizations(5, 20);
  await stage.pass(8);
  expect(await purge(result)).toEqual({ total: 105, done: 105, running: 0, finished: 5, unsigned: 0, failed: 0, cancelled: 0 });
  for (const org of orgs) {
    expect(standing(await readLedger(stage.admin, org))).toEqual([21]);
    expect(await unexplained(stage.admin, org)).toEqual([]);
  }
});

test('a run waits for the signer, for minutes and not for ever', async () => {
  const [org = ''] = await organizations(1, 3);
  await stage.clock.advance(8);
  let looks = 0;
  const signing = { recordSigned: async () => void ((looks += 1) === 3 && (await stage.sign())) };
  expect(await purge(result)).toMatchObject({ done: 0, unsigned: 1, finished: 0 });
  expect((await readLedger(stage.admin, org)).statement).toBeNull();
  expect(await purge(result, signing)).toMatchObject({ done: 4, unsigned: 0, finished: 1 });
  expect(looks).toBe(3);
});

test('a run that is cancelled ends where it stands, and the next one takes up the rest', async () => {
  const [org = ''] = await organizations(1, 40);
  await stage.append(org, 1);
  // What is held keeps the partition, so that the others go batch by batch.
  const heldMs = new Date((await readLedger(stage.admin, org)).entries.at(-1)?.atMs ?? 0).toISOString();
  await placeHold(stage.sql, { orgId: org, holdId: 'hld_1', reason: 'x', from: heldMs, until: heldMs, placedBy: 'system', audit: auditOf('hold.placed') });
  await stage.pass(8);
  let started: (handle: Handle) => void = () => undefined;
  const running = new Promise<Handle>((resolve) => {
    started = resolve;
  });
  const cancelled = await purge(
    (handle) => {
      started(handle);
      return expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    },
    { deleteBodies: async () => void (await (await running).cancel()) },
  );
  expect(cancelled).toBeUndefined();
  expect(await stage.admin`select status, total, done from purge_run where org_id = ${org}`).toEqual([{ status: 'cancelled', total: 42, done: 15 }]);
  expect(await unexplained(stage.admin, org)).toEqual([]);
  expect(await purge(result)).toMatchObject({ done: 27, finished: 1 });
  expect(standing(await readLedger(stage.admin, org))).toHaveLength(3);
  expect(await unexplained(stage.admin, org)).toEqual([]);
});

test('a run says how far it has come, for people who look at it', async () => {
  await organizations(1, 3);
  await stage.pass(8);
  let details = '';
  await purge(async (handle) => {
    await handle.result();
    details = (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
  });
  expect(details).toBe('**deleting**: 100 % of 4 bodies\n- organisations: 0 under way, 1 done');
});
