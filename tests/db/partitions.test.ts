import type { Sql } from '../../db/client.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { countDefaultRows, makeLedgerPartitions } from '../../db/queries/partitions.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditRecord } from '../support/ledger-records.ts';

describe('ledger partitions', () => {
  let database: TestDatabase;
  let sql: Sql;
  let admin: Sql;

  beforeEach(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    // It stands still: a midnight in the middle of a test would make one more day.
    await setClock(`timestamptz '${new Date().toISOString()}'`);
  });

  afterEach(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  const setClock = (expression: string): Promise<unknown> =>
    admin.unsafe(
      `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', ${expression}) $$`,
    );
  const partitions = async (): Promise<number> =>
    (await admin<{ n: number }[]>`select count(*) as n from pg_class where relispartition and relkind = 'r'`)[0]?.n ?? -1;

  test('making them again makes none; further ahead makes only what is missing', async () => {
    const first = await partitions();
    await makeLedgerPartitions(sql, { aheadDays: 8 });
    expect(await makeLedgerPartitions(sql, { aheadDays: 8 })).toBe(0);
    const made = await makeLedgerPartitions(sql, { aheadDays: 40 });
    expect(made).toBeGreaterThan(0);
    expect(await partitions()).toBeGreaterThanOrEqual(first + made);
    expect(await makeLedgerPartitions(sql, { aheadDays: 40 })).toBe(0);
  });

  test('several processes at once make each partition once', async () => {
    await makeLedgerPartitions(sql, { aheadDays: 8 });
    const before = await partitions();
    const made = await Promise.all(Array.from({ length: 4 }, () => makeLedgerPartitions(sql, { aheadDays: 30 })));
    expect(await partitions()).toBe(before + made.reduce((sum, each) => sum + each, 0));
    expect(made.filter((each) => each > 0)).toHaveLength(1);
  });

  test('their borders are in UTC whatever the session says, without a hole between them', async () => {
    await admin`set timezone = 'America/New_York'`;
    await admin`select ensure_ledger_partitions(now() + interval '60 days', now() + interval '62 days')`;
    await admin`set timezone = 'UTC'`;
    const bounds = await admin<
      { bound: string }[]
    >`select pg_get_expr(relpartbound, oid) as bound from pg_class where relispartition and relkind = 'r' and pg_get_expr(relpartbound, oid) <> 'DEFAULT'`;
    expect(bounds.filter(({ bound }) => !/FROM \('\d{4}-\d\d-\d\d 00:00:00\+00'\) TO \('\d{4}-\d\d-\d\d 00:00:00\+00'\)/.test(bound))).toEqual([]);
  });

  test('a record of today lies in a partition of its time', async () => {
    const orgs = [
      await addOrganization(sql, { retentionDays: 7 }),
      await addOrganization(sql, { retentionDays: 90 }),
      await addOrganization(sql, { retentionDays: 2555 }),
    ];
    await appendRecords(
      sql,
      orgs.map((org) => auditRecord(org, 'today')),
    );
    const leaves = await admin<{ leaf: string }[]>`select distinct tableoid::regclass::text as leaf from audit_records`;
    expect(leaves.map(({ leaf }) => leaf.replace(/\d{8}$/, '')).toSorted()).toEqual(['audit_records_r2555_', 'audit_records_r7_', 'audit_records_r90_']);
    expect(await countDefaultRows(sql)).toBe(0);
  });

  test('without its partition a record is still kept, counted, and does not stand in the way of later partitions', async () => {
    const org = await addOrganization(sql, { retentionDays: 7 });
    await setClock(`timestamptz '${new Date().toISOString()}' + interval '20 days'`);
    await appendRecords(sql, [auditRecord(org, 'late-1'), auditRecord(org, 'late-2')]);
    expect(await countDefaultRows(sql)).toBe(2);
    await setClock('clock_timestamp()');
    expect(await makeLedgerPartitions(sql, { aheadDays: 25 })).toBeGreaterThan(0);
    expect(await makeLedgerPartitions(sql, { aheadDays: 25 })).toBe(0);
    await setClock("clock_timestamp() + interval '21 days'");
    await appendRecords(sql, [auditRecord(org, 'on-time')]);
    expect(await countDefaultRows(sql)).toBe(2);
    // Nothing is signed here, and by the clock of this test for a long time.
    const findings = [{ code: 'MISSING_HEARTBEAT', ref: 'checkpoint:1', count: 1 }];
    expect(await verifyLedger(sql, org)).toEqual({ orgId: org, entries: 4, purgedBodies: 0, findings });
  });
});
