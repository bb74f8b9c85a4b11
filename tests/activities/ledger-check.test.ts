import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createLedgerCheckActivities, type LedgerCheckActivities } from '../../activities/ledger-check.ts';
import type { Sql } from '../../db/client.ts';
import { listOpenAlerts } from '../../db/queries/alerts.ts';
import { cancelLedgerCheck, findLedgerCheck, openLedgerCheck } from '../../db/queries/ledger-checks.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { asTenant } from '../../db/tenant.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, auditRecord } from '../support/ledger-records.ts';
import { startTestSigner, type TestSigner } from '../support/signed-ledgers.ts';
import { testVault } from '../support/vault.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let signer: TestSigner;
let activities: LedgerCheckActivities;
let orgId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  signer = await startTestSigner(database.adminUrl);
  activities = createLedgerCheckActivities({ sql, batchSize: 2 });
});
afterAll(async () => {
  await signer.stop();
  await admin.end({ timeout: 1 });
  await database.drop();
});
beforeEach(async () => {
  orgId = await addOrganization(sql);
  await appendRecords(
    sql,
    Array.from({ length: 300 }, (_, at) => auditRecord(orgId, `r${at}`)),
  );
  await signer.sign();
});

/** As an attacker with the whole server would: past triggers. */
const tamper = (statement: string): Promise<unknown> =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    const { count } = await tx.unsafe(statement.replaceAll('$org', `'${orgId}'`));
    if (count === 0) throw new Error(`nothing was tampered with: ${statement}`);
  });

const open = (): Promise<string> => openLedgerCheck(sql, { orgId, checkId: `chk_${randomUUID()}`, requestedBy: 'key:test' });
const run = (checkId: string, env = new MockActivityEnvironment()) =>
  env.run((address: { orgId: string; checkId: string }) => activities.checkLedger(address), { orgId, checkId });
const check = async () => {
  const checkId = await open();
  return { checkId, outcome: await run(checkId), row: await findLedgerCheck(sql, { orgId, checkId }) };
};
const alerts = async () => (await listOpenAlerts(testVault(sql), { orgId, limit: 50 })).map(({ id: _id, createdAt: _at, ...alert }) => alert);
const records = () =>
  asTenant(sql, orgId, async (tx) => {
    const rows = await tx<{ body: string; actor: string }[]>`
      select body, actor from audit_records where org_id = ${orgId} and type like 'ledger.check%' order by seq`;
    return rows.map(({ body, actor }) => ({ ...(JSON.parse(body) as { type: string; target: string; details: unknown }), actor }));
  });

test('a ledger nobody has touched: finished, on record, no alert', async () => {
  const { checkId, outcome, row } = await check();
  expect(outcome).toEqual({ status: 'finished', total: 304, done: 304, findings: 0 });
  expect(row).toMatchObject({ requestedBy: 'key:test', size: 304, checkpoint: 1, missingBodies: 0, findings: [], finishedAt: expect.any(Date) });
  expect(await alerts()).toEqual([]);
  expect(await records()).toEqual([
    {
      v: 1,
      type: 'ledger.checked',
      actor: 'system',
      target: checkId,
      requestId: checkId,
      details: { size: 304, checkpoint: 1, findings: {} },
    },
  ]);
});

test('what is found raises one alert, and no second one as long as nothing else is found', async () => {
  await tamper("update audit_records set body = body || ' ' where org_id = $org and seq in (7, 9)");
  const first = await check();
  expect(first.row?.findings).toEqual([{ code: 'BODY_MISMATCH', ref: 'entry:7', count: 2 }]);
  expect((await records()).at(-1)?.details).toEqual({ size: 304, checkpoint: 1, findings: { BODY_MISMATCH: 2 } });
  const raised = {
    eventId: null,
    agentId: null,
    action: null,
    cause: 'ledger',
    riskScore: 100,
    status: 'open',
    reviewId: null,
    escalatedTo: null,
    handledAt: null,
    handledBy: null,
    note: null,
  };
  const [body] = ['BODY_MISMATCH at entry:7, and 1 more: the recorded body was changed'];
  expect(await alerts()).toEqual([{ ...raised, reasons: JSON.stringify([body]) }]);

  const second = await check();
  expect(second.row?.findings).toEqual(first.row?.findings);
  expect(await alerts()).toHaveLength(1);

  await tamper("update ledger_head set head = sha256('x') where org_id = $org");
  await check();
  expect((await alerts()).map(({ reasons }) => JSON.parse(reasons) as string[])).toEqual([
    [body],
    ['HEAD_MISMATCH at head: does not describe the last entry and the last checkpoint'],
  ]);
});

test.each([
  ['a time that no clock has', "update ledger_entry set at = 'infinity' where org_id = $org and seq = 5"],
  ['a head of no length', "update ledger_head set head = '\\x' where org_id = $org"],
  ['a length below nothing', 'update ledger_head set next_seq = -5 where org_id = $org'],
])('%s: a ledger that cannot be read is tried for a while, and ends its check then', async (_what, statement) => {
  await tamper(statement);
  const checkId = await open();
  const at = (attempt: number) => run(checkId, new MockActivityEnvironment({ attempt })).catch(({ name, nonRetryable }) => ({ name, nonRetryable }));
  expect(await at(5)).not.toMatchObject({ nonRetryable: true });
  expect((await findLedgerCheck(sql, { orgId, checkId }))?.status).toBe('running');
  expect(await at(6)).toMatchObject({ status: 'finished', findings: 1 });
  expect((await findLedgerCheck(sql, { orgId, checkId }))?.findings).toEqual([{ code: 'MALFORMED', ref: 'file:export.json', count: 1 }]);
  expect((await alerts()).map(({ reasons }) => JSON.parse(reasons) as string[])).toEqual([['MALFORMED at file:export.json: is not what the format says']]);
});

test('what was gone and is back is told again', async () => {
  await tamper("update audit_records set type = 'other' where org_id = $org and seq = 5");
  await check();
  await tamper("update audit_records set type = 'test.happened' where org_id = $org and seq = 5");
  expect((await check()).row?.findings).toEqual([]);
  await tamper("update audit_records set type = 'other' where org_id = $org and seq = 5");
  await check();
  expect(await alerts()).toHaveLength(2);
});

test('a check that is done twice is on record once', async () => {
  const checkId = await open();
  const [first, second] = [await run(checkId), await run(checkId)];
  expect(second).toEqual(first);
  expect(await records()).toHaveLength(1);
});

test('one at a time: whoever asks meanwhile is told of the one that runs', async () => {
  const checkId = await open();
  expect(await open()).toBe(checkId);
  await run(checkId);
  expect(await open()).not.toBe(checkId);
});

test('a check that was ended says nothing more', async () => {
  const checkId = await open();
  await cancelLedgerCheck(sql, { orgId, checkId, audit: auditOf('ledger.check-cancelled') });
  expect(await run(checkId)).toMatchObject({ status: 'cancelled', findings: 0 });
  expect((await records()).map(({ type }) => type)).toEqual(['ledger.check-cancelled']);
  expect(await cancelLedgerCheck(sql, { orgId, checkId, audit: auditOf('ledger.check-cancelled') })).toBe(false);
});

test('a run that is cancelled stops at the next page, and its end is on record', async () => {
  const checkId = await open();
  const env = new MockActivityEnvironment();
  env.cancel();
  await expect(run(checkId, env)).rejects.toThrow();
  expect((await findLedgerCheck(sql, { orgId, checkId }))?.status).toBe('running');
  await activities.endCheck({ orgId, checkId });
  expect(await findLedgerCheck(sql, { orgId, checkId })).toMatchObject({ status: 'cancelled', finishedAt: expect.any(Date) });
  expect((await records()).map(({ type, target }) => [type, target])).toEqual([['ledger.check-cancelled', checkId]]);
});

test('it tells how far it is with every page', async () => {
  await appendRecords(
    sql,
    Array.from({ length: 2_000 }, (_, at) => auditRecord(orgId, `more${at}`)),
  );
  const env = new MockActivityEnvironment();
  const beats: unknown[] = [];
  env.on('heartbeat', (beat: unknown) => beats.push(beat));
  await run(await open(), env);
  // Checkpoints are read before entries, which take their time too.
  expect(beats[0]).toEqual({ done: 0, total: 2_304 });
  expect(new Set(beats.map((beat) => (beat as { done: number }).done))).toEqual(new Set([0, 2_000, 2_304]));
});

test('there is no check of another organisation', async () => {
  const checkId = await open();
  const other = await addOrganization(sql);
  await expect(new MockActivityEnvironment().run(() => activities.checkLedger({ orgId: other, checkId }))).rejects.toThrow('no such check');
});

test('the daily check opens one for every ledger, page by page, and takes up what was left running', async () => {
  const left = await open();
  const opened = new Map<string, string>();
  const batch = randomUUID();
  for (let after: string | null = null; ;) {
    const { checks, next } = await activities.openChecks({ batch, after });
    for (const each of checks) opened.set(each.orgId, each.checkId);
    if (next === null) break;
    after = next;
  }
  const [count] = await admin<{ n: number }[]>`select count(*) as n from ledger_head`;
  expect(opened.size).toBe(count?.n);
  expect(opened.get(orgId)).toBe(left);
  // Tried again, it opens nothing twice.
  const { checks } = await activities.openChecks({ batch, after: null });
  expect(checks.every((each) => opened.get(each.orgId) === each.checkId)).toBe(true);
});
