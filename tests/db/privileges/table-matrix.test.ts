import type { Sql } from '../../../db/client.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { permittedAmong } from './attempt.ts';
import { inDraft } from './draft.ts';
import { ALLOWED_COLUMNS, ALLOWED_TABLES, linesOf, OTHER_OWNERS, ROLES } from './expected-tables.ts';
import { columnPrivileges, tableAttempts, tableNames, tablePrivileges } from './table-privileges.ts';

describe('role, table and verb', () => {
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

  /** What is owned, and so allowed in everything, together with what is granted. */
  const expected = async (): Promise<string[]> => {
    const owned = (await tableNames(admin)).map((name) => `${OTHER_OWNERS[name] ?? 'mg_owner'} owns ${name}`).filter((line) => line.startsWith('mg_'));
    return [...owned, ...linesOf(ALLOWED_TABLES)].toSorted();
  };

  /** The verbs that {@link tableAttempts} tries, of those that are expected. */
  const expectedAttempts = (lines: readonly string[]): string[] =>
    lines
      .flatMap((line) => {
        const [role = '', verb = '', table = ''] = line.split(' ');
        const verbs = verb === 'owns' ? TRIED : TRIED.filter((tried) => tried === verb);
        return verbs.map((each) => `${role} ${each} ${table}`);
      })
      .toSorted();
  const TRIED = ['select', 'insert', 'update', 'delete', 'truncate'];

  test('every role of the product is in the matrix', async () => {
    const roles = await admin<{ name: string }[]>`select rolname as name from pg_roles where rolname like 'mg\\_%' order by 1`;
    expect(roles.map(({ name }) => name)).toEqual([...ROLES].toSorted());
  });

  test('the catalogue grants what is written down and nothing else, partitions and every schema included', async () => {
    expect(await tablePrivileges(admin, ROLES)).toEqual(await expected());
    expect(await columnPrivileges(admin, ROLES)).toEqual(linesOf(ALLOWED_COLUMNS));
  });

  test('the server lets through what is written down and nothing else, with every statement really run', async () => {
    const permitted = await inDraft(admin, { look: async (tx) => permittedAmong(tx, await tableAttempts(tx, ROLES)) });
    expect(permitted.toSorted()).toEqual(expectedAttempts(await expected()));
  });

  test('a table that nobody has thought about is noticed, and so is every kind of grant', async () => {
    const change = `
      create table made_later (org_id uuid); alter table made_later owner to mg_owner;
      grant delete on ledger_entry to mg_signer; grant select on agent_events_r7_default to mg_app; grant update (body) on audit_records to mg_app;
      grant mg_ledger to mg_purge`;
    const [tables, columns, permitted] = await inDraft(admin, {
      change,
      look: async (tx) =>
        [await tablePrivileges(tx, ROLES), await columnPrivileges(tx, ROLES), await permittedAmong(tx, await tableAttempts(tx, ROLES))] as const,
    });
    const lines = new Set(await expected());
    const more = tables.filter((line) => !lines.has(line));
    expect(more).toEqual(
      expect.arrayContaining([
        'mg_owner owns made_later',
        'mg_signer delete ledger_entry',
        'mg_app select agent_events_r7_default',
        'mg_purge insert ledger_entry',
      ]),
    );
    expect(columns.filter((line) => !linesOf(ALLOWED_COLUMNS).includes(line))).toEqual(expect.arrayContaining(['mg_app update audit_records.body']));
    const tried = new Set(expectedAttempts([...lines]));
    expect(permitted.filter((line) => !tried.has(line))).toEqual(
      expect.arrayContaining([
        'mg_signer delete ledger_entry',
        'mg_app select agent_events_r7_default',
        'mg_purge insert ledger_entry',
        'mg_owner select made_later',
      ]),
    );
  });
});
