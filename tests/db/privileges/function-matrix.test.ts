import type { Sql } from '../../../db/client.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { permittedAmong } from './attempt.ts';
import { inDraft } from './draft.ts';
import { CALLABLE, RUNS_AS, SCHEMA_USE } from './expected-functions.ts';
import { linesOf, ROLES, wordsOf } from './expected-tables.ts';
import { definerFunctions, functionAttempts, functionPrivileges } from './function-privileges.ts';

describe('role and function', () => {
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

  const expected = linesOf(Object.fromEntries(Object.entries(CALLABLE).map(([role, names]) => [role, { '': names }])));

  test('the catalogue lets each role call what is written down and nothing else', async () => {
    expect(await functionPrivileges(admin, ROLES)).toEqual(expected);
  });

  test('the server lets through the same, with every function really called', async () => {
    const permitted = await inDraft(admin, { look: async (tx) => permittedAmong(tx, await functionAttempts(tx, ROLES)) });
    expect(permitted.toSorted()).toEqual(expected);
  });

  test('as whom each function runs is written down: none as a superuser, none that writes the ledger as anybody but mg_ledger', async () => {
    expect(await definerFunctions(admin)).toEqual(
      Object.entries(RUNS_AS)
        .flatMap(([role, names]) => wordsOf(names).map((name) => `${name} as ${role}`))
        .toSorted(),
    );
  });

  test('schemas are used and made in by those who are written down', async () => {
    const rows = await admin<{ line: string }[]>`
      select r || ' ' || v || ' ' || n.nspname as line from unnest(${[...ROLES]}::text[]) as r, unnest('{usage,create}'::text[]) as v, pg_namespace n
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspowner <> r::regrole and has_schema_privilege(r, n.oid, v)`;
    expect(rows.map(({ line }) => line).toSorted()).toEqual(linesOf(SCHEMA_USE));
  });

  test('a function that nobody has thought about is noticed', async () => {
    const [callable, runsAs] = await inDraft(admin, {
      change: `
        set local role mg_ledger;
        create function made_later() returns int language sql security definer set search_path = public, pg_catalog, pg_temp as 'select 1';
        grant execute on function made_later() to mg_app;
        reset role`,
      look: async (tx) => [await functionPrivileges(tx, ROLES), await definerFunctions(tx)] as const,
    });
    expect(callable.filter((line) => !expected.includes(line))).toEqual(['mg_app made_later']);
    expect(runsAs).toContain('made_later as mg_ledger');
  });
});
