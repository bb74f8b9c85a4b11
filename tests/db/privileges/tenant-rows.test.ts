import { randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from '../../../db/client.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { EVERY_ORGANIZATION, NO_ROW, ROLES, wordsOf } from './expected-tables.ts';
import { fillTenantTables, rowsSeen } from './tenant-rows.ts';

describe('rows of organisations', () => {
  let database: TestDatabase;
  let admin: Sql;
  const [ours, theirs] = [randomUUID(), randomUUID()];
  const both = { roles: ROLES, orgs: [ours, theirs] };

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    await fillTenantTables(admin, [ours, theirs]);
  });

  afterAll(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  /** Committed, unlike a draft: what it has set must end with it. */
  const inTransaction = async <T>(sql: Sql, look: (tx: TransactionSql) => Promise<T>): Promise<T> => {
    const seen: T[] = [];
    await sql.begin(async (tx) => void seen.push(await look(tx)));
    return seen[0] as T;
  };

  /** What is seen where `org` is set for the transaction; undefined: nothing is set in it. */
  const seen = (org?: string): Promise<Map<string, string>> =>
    inTransaction(admin, async (tx) => {
      if (org !== undefined) await tx`select set_config('mg.org_id', ${org}, true)`;
      return rowsSeen(tx, both);
    });

  /** Where what is seen is not what is written down: roles bound to an organisation see `own`, the others everything or nothing. */
  const surprises = (rows: ReadonlyMap<string, string>, own: string): [string, string][] =>
    [...rows].filter(([name, orgs]) => {
      const [role = '', table = ''] = name.split(' ');
      const every = wordsOf(EVERY_ORGANIZATION[role] ?? '');
      const expected = every.includes('*') || every.includes(table) ? '1 2' : NO_ROW.includes(role) ? '' : own;
      return orgs !== expected;
    });

  test('every table has rows of both, so that what is not seen is hidden', async () => {
    const [superuser] = await admin<{ name: string }[]>`select current_user as name`;
    const rows = await inTransaction(admin, (tx) => rowsSeen(tx, { roles: [superuser?.name ?? ''], orgs: [ours, theirs] }));
    const tables = [...rows.values()];
    expect(tables.length).toBeGreaterThan(35);
    expect(tables.filter((orgs) => orgs !== '1 2')).toEqual([]);
  });

  test('without an organisation none is seen', async () => {
    expect(surprises(await seen(), '')).toEqual([]);
  });

  test('with one its own rows are seen and no others', async () => {
    expect(surprises(await seen(ours), '1')).toEqual([]);
    expect(surprises(await seen(theirs), '2')).toEqual([]);
  });

  test('with one that does not exist none is seen', async () => {
    expect(surprises(await seen(randomUUID()), '')).toEqual([]);
  });

  test('the organisation of an earlier transaction counts for nothing, whether it was committed, rolled back or failed', async () => {
    const single = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    const later = (): Promise<Map<string, string>> => inTransaction(single, (tx) => rowsSeen(tx, both));
    await single.begin((tx) => tx`select set_config('mg.org_id', ${ours}, true)`);
    expect(surprises(await later(), '')).toEqual([]);
    await expect(
      single.begin(async (tx) => {
        await tx`select set_config('mg.org_id', ${ours}, true)`;
        await tx`select 1 / 0`;
      }),
    ).rejects.toMatchObject({ code: '22012' });
    expect(surprises(await later(), '')).toEqual([]);
    await single.end({ timeout: 1 });
  });

  test('a policy that lets one table’s rows through is noticed', async () => {
    await admin`create policy wide on review for select to mg_app using (true)`;
    expect(surprises(await seen(ours), '1')).toEqual([['mg_app review', '1 2']]);
    await admin`drop policy wide on review`;
  });
});
