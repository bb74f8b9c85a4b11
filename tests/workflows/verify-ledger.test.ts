import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/client.ts';
import { findLedgerCheck, listLedgerChecks, openLedgerCheck } from '../../db/queries/ledger-checks.ts';
import { startLedgerCheck } from '../../workers/ledger-checks.ts';
import { verifyLedgerId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { verifyLedgers } from '../../workflows/verify-ledgers.ts';
import { startCheck } from './check-recordings.ts';
import { eventNames, seen } from './run-history.ts';
import { openStage, type Stage } from './stage.ts';
import { until } from '../support/until.ts';
import { openTestPool } from '../support/database.ts';

let stage: Stage;
let admin: Sql;
beforeEach(async () => {
  stage = await openStage();
  admin = openTestPool({ url: stage.adminUrl, maxConnections: 1 });
});
afterEach(async () => {
  await admin.end({ timeout: 1 });
  await stage.stop();
});

const checksOf = (orgId: string) => listLedgerChecks(stage.sql, { orgId, beforeId: undefined, limit: 10 });
const changeABody = (orgId: string) =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`update audit_records set body = body || ' ' where org_id = ${orgId} and seq = 0`;
  });

test('a check runs to its end, and starting it again finds nothing left to do', async () => {
  await stage.open(['maintenance']);
  const run = await startCheck(stage, stage.orgId);
  const outcome = await run.result();
  expect(outcome).toMatchObject({ status: 'finished', findings: 0 });
  expect(outcome.done).toBe(outcome.total);
  const [check] = await checksOf(stage.orgId);
  await startLedgerCheck(stage.temporal, { orgId: stage.orgId, checkId: check?.id ?? '' }, 10_000);
  expect(await run.result()).toEqual(outcome);
  expect(await checksOf(stage.orgId)).toEqual([check]);
});

test('a run that is cancelled ends its check, on record', async () => {
  await stage.open(['maintenance']);
  stage.proxy.cut();
  const run = await startCheck(stage, stage.orgId);
  await seen(run, 'ACTIVITY_TASK_SCHEDULED');
  await run.cancel();
  // A try that found the ledger again before it heard of the end would finish the check.
  await until(async () => (await eventNames(run)).some((name) => name === 'ACTIVITY_TASK_CANCELED' || name === 'ACTIVITY_TASK_FAILED'));
  stage.proxy.restore();
  await expect(run.result()).rejects.toThrow('cancelled');
  expect(await checksOf(stage.orgId)).toMatchObject([{ status: 'cancelled', finishedAt: expect.any(Date), findings: [] }]);
});

test('a check outlives the process that runs it', async () => {
  const first = await stage.open(['maintenance']);
  stage.proxy.cut();
  const run = await startCheck(stage, stage.orgId);
  await seen(run, 'ACTIVITY_TASK_SCHEDULED');
  await first.stop();
  stage.proxy.restore();
  await stage.open(['maintenance']);
  expect(await run.result()).toMatchObject({ status: 'finished', findings: 0 });
});

test('the daily run checks every ledger, takes up what was left running, and one with findings keeps no other from it', async () => {
  await stage.open(['maintenance']);
  const others = await Promise.all([stage.addOrganization(), stage.addOrganization()]);
  const [tampered, left] = others.map(({ orgId }) => orgId) as [string, string];
  await changeABody(tampered);
  const leftCheck = await openLedgerCheck(stage.sql, { orgId: left, checkId: `chk_${randomUUID()}`, requestedBy: 'key:test' });
  const options = { taskQueue: TASK_QUEUE.maintenance, workflowId: `verify-ledgers-${randomUUID()}` };
  expect(await stage.temporal.workflow.execute<typeof verifyLedgers>('verifyLedgers', options)).toEqual({ checked: 3, withFindings: 1, left: 0 });
  expect(await checksOf(stage.orgId)).toMatchObject([{ status: 'finished', requestedBy: 'system', findings: [] }]);
  expect(await checksOf(tampered)).toMatchObject([{ status: 'finished', findings: [{ code: 'BODY_MISMATCH', ref: 'entry:0', count: 1 }] }]);
  expect(await checksOf(left)).toMatchObject([{ id: leftCheck, status: 'finished', requestedBy: 'key:test' }]);
});

test('the daily run goes past a check that is under way already', async () => {
  await stage.open(['maintenance']);
  const { orgId } = stage;
  const checkId = await openLedgerCheck(stage.sql, { orgId, checkId: `chk_${randomUUID()}`, requestedBy: 'key:test' });
  // Somebody's run of the same name, which does not end.
  await stage.temporal.workflow.start('verifyLedger', { taskQueue: 'nobody', workflowId: verifyLedgerId(orgId, checkId), args: [{ orgId, checkId }] });
  const options = { taskQueue: TASK_QUEUE.maintenance, workflowId: `verify-ledgers-${randomUUID()}` };
  expect(await stage.temporal.workflow.execute<typeof verifyLedgers>('verifyLedgers', options)).toEqual({ checked: 0, withFindings: 0, left: 1 });
  expect((await findLedgerCheck(stage.sql, { orgId, checkId }))?.status).toBe('running');
});

test('it is scheduled once a day, skips what still runs, and makes up for one day at most', async () => {
  await stage.open(['maintenance']);
  const { spec, policies, action } = await until(() => stage.temporal.schedule.getHandle('verify-ledgers').describe());
  expect(spec.intervals).toMatchObject([{ every: 86_400_000 }]);
  expect(spec.jitter).toBe(3_600_000);
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 86_400_000 });
  expect(action).toMatchObject({ workflowType: 'verifyLedgers', taskQueue: 'maintenance' });
});
