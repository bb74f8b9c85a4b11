import type { Sql } from '../../db/client.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';
import { ROLES } from './privileges/expected-tables.ts';

describe('privileges', () => {
  let database: TestDatabase;
  let admin: Sql;
  let org: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    org = await addOrganization(database.appSql);
    const violation = {
      id: recordId(org, 'violation', 'e1'),
      body: '{"agentId":"a","detectors":[],"eventId":"e1","ruleId":null,"value":"BLOCK"}',
      fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', ruleId: null, detectors: [] },
    };
    await settleDecisions(database.appSql, [settleItem(org, 'e1', { violations: [violation] })]);
  });

  afterAll(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  test('no role of the product is a superuser, passes row-level security or makes roles or databases', async () => {
    const roles =
      await admin`select rolname from pg_roles where rolname = any (${[...ROLES]}::text[]) and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`;
    expect(roles.map((row) => row['rolname'] as string).toSorted()).toEqual(ROLES.toSorted());
  });

  test('no role of the product may become another one', async () => {
    expect(
      await admin`select a, b from unnest(${[...ROLES]}::text[]) as a, unnest(${[...ROLES]}::text[]) as b where a <> b and pg_has_role(a, b, 'member')`,
    ).toEqual([]);
  });

  test('the application cannot make objects that functions of other roles might find', async () => {
    await expect(database.appSql`create table public.now (x int)`).rejects.toMatchObject({ code: '42501' });
    await expect(database.appSql`create function public.sha256(bytea) returns bytea language sql as 'select $1'`).rejects.toMatchObject({ code: '42501' });
  });

  test('secrets are not readable: password hashes, key digests, session tokens', async () => {
    for (const [table, column] of [
      ['member', 'password_hash'],
      ['api_key', 'secret_hmac'],
      ['member_session', 'token_hash'],
    ] as const) {
      await expect(database.appSql`select ${database.appSql(column)} from ${database.appSql(table)}`).rejects.toMatchObject({ code: '42501' });
    }
  });

  const asRole = (role: string, statement: string): Promise<{ count: number }> =>
    admin.begin(async (tx) => {
      await tx.unsafe(`set local role ${role}`);
      const { count } = await tx.unsafe(statement);
      return { count };
    }) as Promise<{ count: number }>;

  const LEDGER = ['ledger_entry', 'agent_events', 'audit_records', 'policy_violations'];

  test.each(LEDGER)('a superuser cannot change or delete rows of %s, through the table or its partition', async (table) => {
    const [row] = await admin<{ leaf: string }[]>`select tableoid::regclass::text as leaf from ${admin(table)} limit 1`;
    for (const name of new Set([table, row?.leaf ?? ''])) {
      await expect(admin`update ${admin(name)} set seq = seq`).rejects.toMatchObject({ code: '42501' });
      await expect(admin`delete from ${admin(name)}`).rejects.toMatchObject({ code: '42501' });
      await expect(admin`truncate ${admin(name)}`).rejects.toMatchObject({ code: '42501' });
    }
  });

  test.each(LEDGER)('the owner and the appending role cannot either: refused, or no row in sight', async (table) => {
    for (const role of ['mg_owner', 'mg_ledger']) {
      for (const statement of [`update ${table} set seq = seq + 1`, `delete from ${table}`, `truncate ${table}`]) {
        const outcome = await asRole(role, statement).catch((error: { code?: string }) => error.code);
        // A forced policy hides every row from the owner before a row trigger could see one.
        expect([statement, outcome]).toEqual([statement, role === 'mg_owner' && !statement.startsWith('truncate') ? { count: 0 } : '42501']);
      }
    }
    expect(await verifyLedger(database.appSql, org)).toMatchObject({ entries: 3, findings: [] });
  });
});
