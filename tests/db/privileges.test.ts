import { openDatabase } from '../../db/client.ts';
import type { Sql } from '../../db/client.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';

const ROLES = ['mg_owner', 'mg_ledger', 'mg_auth', 'mg_app', 'mg_signer', 'mg_purge', 'mg_report'];
const WRITES = ['insert', 'update', 'delete', 'truncate', 'references', 'trigger'];

describe('privileges', () => {
  let database: TestDatabase;
  let admin: Sql;
  let org: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = openDatabase({ url: database.adminUrl, maxConnections: 1, connectTimeoutMs: 10_000 });
    org = await addOrganization(database.appSql);
    const violation = {
      id: recordId(org, 'violation', 'e1'),
      body: '{}',
      fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', ruleId: null, detectors: [] },
    };
    await settleDecisions(database.appSql, [settleItem(org, 'e1', { violations: [violation] })]);
  });

  afterAll(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  test('the application, signing, purging and reporting roles write no table and no column of one', async () => {
    expect(
      await admin`
        select r.name as role, c.relname as table, p.name as privilege
        from unnest(${['mg_app', 'mg_signer', 'mg_purge', 'mg_report', 'public']}::text[]) as r(name), unnest(${WRITES}::text[]) as p(name), pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and (has_table_privilege(r.name, c.oid, p.name) or p.name in ('insert', 'update', 'references') and has_any_column_privilege(r.name, c.oid, p.name))`,
    ).toEqual([]);
  });

  test('nobody but their owner is granted anything on a partition', async () => {
    expect(
      await admin`
        select c.relname, a.grantee::regrole::text as grantee, a.privilege_type
        from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'public'::regnamespace and c.relispartition and c.relkind in ('r', 'p') and a.grantee <> c.relowner`,
    ).toEqual([]);
    const [count] = await admin<{ n: number }[]>`select count(*) as n from pg_class where relispartition and relkind = 'r'`;
    expect(count?.n).toBeGreaterThan(20);
  });

  test('row-level security is forced on every table and every partition', async () => {
    expect(
      await admin`
        select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> 'schema_migration'
          and not (relrowsecurity and relforcerowsecurity)`,
    ).toEqual([]);
  });

  test('every function that runs as another role has a fixed search path that ends with pg_temp, and none is open to everybody', async () => {
    const functions = await admin<{ name: string; config: string[] | null; open: boolean; owner: string }[]>`
      select proname as name, proconfig as config, has_function_privilege('public', oid, 'execute') as open, proowner::regrole::text as owner
      from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`;
    expect(functions.length).toBeGreaterThan(10);
    for (const { name, config, open, owner } of functions) {
      expect([name, config?.some((setting) => /^search_path=.*pg_temp$/.test(setting)), open]).toEqual([name, true, false]);
      expect(['mg_owner', 'mg_ledger', 'mg_auth']).toContain(owner);
    }
    expect(await admin`select proname from pg_proc where pronamespace = 'public'::regnamespace and has_function_privilege('public', oid, 'execute')`).toEqual(
      [],
    );
  });

  test('no role of the product is a superuser, passes row-level security or makes roles or databases', async () => {
    const roles =
      await admin`select rolname from pg_roles where rolname = any (${ROLES}::text[]) and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`;
    expect(roles.map((row) => row['rolname'] as string).toSorted()).toEqual(ROLES.toSorted());
  });

  test('no role of the product may become another one', async () => {
    expect(await admin`select a, b from unnest(${ROLES}::text[]) as a, unnest(${ROLES}::text[]) as b where a <> b and pg_has_role(a, b, 'member')`).toEqual([]);
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

  test('every partition refuses to be truncated', async () => {
    expect(
      await admin`
        select c.relname from pg_class c where c.relispartition and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
          and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'no_truncate' and t.tgenabled = 'O')`,
    ).toEqual([]);
  });
});
