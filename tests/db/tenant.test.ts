import type { Sql } from '../../db/client.ts';
import { listEvents } from '../../db/queries/events.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { asTenant } from '../../db/tenant.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';

describe('asTenant', () => {
  let database: TestDatabase;
  let sql: Sql;
  let admin: Sql;
  let ours: string;
  let theirs: string;
  /** Every table an application may read something of an organisation in. */
  let tables: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    [ours, theirs] = [await addOrganization(sql), await addOrganization(sql)];
    for (const org of [ours, theirs]) {
      const review = {
        id: 'rev_1',
        digest: 'd',
        plan: '{}',
        state: '{}',
        summary: '{}',
        joins: false,
        created_at: '2026-01-01',
        due_at: '2026-01-01',
        expires_at: '2026-01-02',
      };
      const session = { id: 's1', version: 0, state: '{}', holder: org, reserve: false };
      await settleDecisions(sql, [settleItem(org, 'e1', { review, session, agent: { id: 'a', register: true, touch: false } })]);
    }
    tables = (
      await admin<{ name: string }[]>`
        select relname as name from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
          and has_table_privilege('mg_app', c.oid, 'select') and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id')
        order by 1`
    ).map(({ name }) => name);
  });

  afterAll(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  const organizationsSeen = (org: string | null, table: string): Promise<string[]> => {
    const read = (tx: Sql) => tx<{ org: string }[]>`select distinct org_id as org from ${tx(table)}`.then((rows) => rows.map((row) => row.org));
    return org === null ? read(sql) : asTenant(sql, org, (tx) => read(tx as unknown as Sql));
  };

  test('without an organisation no table shows a row', async () => {
    expect(tables).toEqual(
      expect.arrayContaining(['agent', 'agent_events', 'ledger_entry', 'ledger_head', 'organization', 'review', 'session_state', 'usage_month']),
    );
    for (const table of tables) expect([table, await organizationsSeen(null, table)]).toEqual([table, []]);
  });

  test('with one, a statement that forgot its condition shows that one and no other', async () => {
    const filled = new Set<string>();
    for (const table of tables) {
      const seen = await organizationsSeen(ours, table);
      if (seen.length > 0) filled.add(table);
      expect([table, seen.filter((org) => org !== ours)]).toEqual([table, []]);
    }
    expect([...filled]).toEqual(
      expect.arrayContaining([
        'agent',
        'agent_events',
        'audit_records',
        'ledger_entry',
        'ledger_head',
        'organization',
        'review',
        'session_state',
        'usage_month',
      ]),
    );
  });

  test('a statement that names another organisation than the one set finds nothing', async () => {
    for (const table of tables)
      expect([table, await asTenant(sql, ours, (tx) => tx`select 1 from ${tx(table)} where org_id = ${theirs}`)]).toEqual([table, []]);
  });

  test('an organisation that does not exist sees nothing, one that is no UUID is an error', async () => {
    expect(await asTenant(sql, '00000000-0000-4000-8000-000000000000', (tx) => tx`select 1 from organization`)).toEqual([]);
    await expect(asTenant(sql, 'not-a-uuid', (tx) => tx`select 1 from organization`)).rejects.toMatchObject({ code: '22P02' });
  });

  test('the setting ends with the transaction, also one that failed', async () => {
    const single = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 1 });
    await asTenant(single, ours, (tx) => tx`select 1 from organization`);
    expect(await single`select org_id from organization`).toEqual([]);
    await expect(asTenant(single, ours, (tx) => tx`select 1 / 0`)).rejects.toMatchObject({ code: '22012' });
    expect(await single`select org_id from organization`).toEqual([]);
    await single.end({ timeout: 1 });
  });

  test('it is read only', async () => {
    await expect(asTenant(sql, ours, (tx) => tx`select ensure_ledger_partitions(now(), now() + interval '400 days')`)).rejects.toMatchObject({ code: '25006' });
  });

  test('many organisations side by side on few connections never see each other', async () => {
    const reads = Array.from({ length: 60 }, async (_, at) => {
      const org = at % 2 === 0 ? ours : theirs;
      const rows = await listEvents(sql, { orgId: org, beforeSeq: 1_000, limit: 10 });
      const seen = await organizationsSeen(org, 'agent_events');
      return { rows: rows.length, seen, org };
    });
    for (const { rows, seen, org } of await Promise.all(reads)) expect({ rows, seen }).toEqual({ rows: 1, seen: [org] });
  });
});
