import { createMaintenanceActivities } from '../../activities/maintenance.ts';
import type { Sql } from '../../db/client.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { createLedgerClock } from '../support/ledger-clock.ts';
import { addOrganization, auditRecord } from '../support/ledger-records.ts';

let database: TestDatabase;
let admin: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});

test('partitions are made as far ahead as asked, and a second run on the same day makes none', async () => {
  // Two looks at a clock may be of two days.
  await (await createLedgerClock(admin)).freeze(Date.now());
  const reports: number[] = [];
  const ahead = (aheadDays: number) => createMaintenanceActivities({ sql: database.appSql, reportDefaultRows: (count) => void reports.push(count), aheadDays });
  expect((await ahead(60).makePartitions()).partitionsMade).toBeGreaterThan(0);
  expect(await ahead(60).makePartitions()).toEqual({ partitionsMade: 0, defaultRows: 0 });
  expect(reports).toEqual([0, 0]);
});

test('records for which no partition was ready are counted and reported', async () => {
  const orgId = await addOrganization(database.appSql);
  // A year on: nothing was made for that time.
  await admin.unsafe(
    `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp() + interval '1 year') $$`,
  );
  await appendRecords(database.appSql, [auditRecord(orgId, 'late')]);
  const reports: number[] = [];
  const { defaultRows } = await createMaintenanceActivities({ sql: database.appSql, reportDefaultRows: (count) => void reports.push(count) }).makePartitions();
  expect(defaultRows).toBeGreaterThan(0);
  expect(reports).toEqual([defaultRows]);
});
