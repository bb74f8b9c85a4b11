import type { Sql } from '../../../db/client.ts';
import { listAnchorReceipts, recordAnchorOutcomes } from '../../../db/queries/anchors.ts';
import { asTenant } from '../../../db/tenant.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization } from '../../support/ledger-records.ts';
import { createSignedLog, type SignedLog } from '../../support/signed-log.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let log: SignedLog;
let mine: string;
let theirs: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  log = createSignedLog(database.adminUrl);
  [mine, theirs] = [await addOrganization(sql), await addOrganization(sql)];
  for (const org of [mine, theirs]) await log.sign(org, 2);
  const outcomes = [mine, theirs, null].flatMap((orgId) => [1, 2].map((number) => ({ orgId, number, receipt: `receipt ${number}` })));
  await recordAnchorOutcomes(sql, { anchor: 'bucket', driver: 'directory', outcomes });
});
afterAll(async () => {
  await Promise.all([log.close(), admin.end({ timeout: 1 })]);
  await database.drop();
});

test('a tenant reads receipts of its own log and of the deployment log, with the checkpoints they are for', async () => {
  const receipts = await listAnchorReceipts(sql, { orgId: mine, limit: 100 });
  expect(receipts.map(({ isDeployment, number }) => `${isDeployment ? 'deployment' : 'own'} ${number}`).toSorted()).toEqual([
    'deployment 1',
    'deployment 2',
    'own 1',
    'own 2',
  ]);
  for (const { origin, note, isDeployment } of receipts) {
    expect(origin).toBe(isDeployment ? log.origin : `guard.example/mg/org/${mine}`);
    expect(note.startsWith(`${origin}\n`)).toBe(true);
  }
});

test('row-level security shows no other tenant’s receipts to a statement that forgot, and none at all without a tenant', async () => {
  const seen = await asTenant(sql, mine, (tx) => tx<{ org: string | null }[]>`select distinct org_id as org from anchor_receipt`);
  expect(new Set(seen.map(({ org }) => org))).toEqual(new Set([mine, null]));
  expect(await sql`select 1 from anchor_receipt`).toHaveLength(0);
});

test('what is recorded stays: another receipt for the same checkpoint changes nothing', async () => {
  const outcomes = [{ orgId: mine, number: 1, receipt: 'another' }];
  expect(await recordAnchorOutcomes(sql, { anchor: 'bucket', driver: 'directory', outcomes })).toBe(0);
  const receipts = await listAnchorReceipts(sql, { orgId: mine, limit: 100 });
  expect(receipts.map(({ receipt }) => receipt)).not.toContain('another');
});

test('there is no receipt for a checkpoint that is not there', async () => {
  const outcomes = [
    { orgId: mine, number: 3, receipt: 'invented' },
    { orgId: null, number: 99, receipt: 'invented' },
  ];
  expect(await recordAnchorOutcomes(sql, { anchor: 'bucket', driver: 'directory', outcomes })).toBe(0);
});

test.each(['update anchor_receipt set receipt = receipt', 'delete from anchor_receipt', 'truncate anchor_receipt'])('nobody can: %s', async (statement) => {
  await expect(admin.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  await expect(sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
});

test('the roles that sign, purge and report cannot record receipts, and the application writes them only through its function', async () => {
  for (const role of ['mg_signer', 'mg_purge', 'mg_report', 'public']) {
    const [row] = await admin<
      { may: boolean }[]
    >`select has_function_privilege(${role}, 'record_anchor_receipts(text, text, jsonb)', 'execute') or has_function_privilege(${role}, 'checkpoints_to_anchor(text, boolean, int, int)', 'execute') as may`;
    expect([role, row?.may]).toEqual([role, false]);
  }
  await expect(
    sql`insert into anchor_receipt (anchor, driver, origin, number, size, status, receipt) values ('x', 'tsa', 'x', 1, 1, 'anchored', 'x')`,
  ).rejects.toMatchObject({ code: '42501' });
});

test('pages hold every receipt once, in one order, also where all have one time', async () => {
  const all = await listAnchorReceipts(sql, { orgId: mine, limit: 100 });
  for (const limit of [1, 3]) {
    const paged = [];
    let before: Parameters<typeof listAnchorReceipts>[1]['before'];
    for (;;) {
      const page = await listAnchorReceipts(sql, { orgId: mine, limit, before });
      paged.push(...page);
      const last = page.at(-1);
      if (last === undefined) break;
      before = { ...last, anchoredAtMs: last.anchoredAt.getTime() };
    }
    expect(paged).toEqual(all);
  }
});
