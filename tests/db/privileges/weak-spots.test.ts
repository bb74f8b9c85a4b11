import type { Sql } from '../../../db/client.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { inDraft } from './draft.ts';
import { findWeakSpots } from './weak-spots.ts';

describe('weak spots of the catalogue', () => {
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

  test('there is none', async () => {
    expect(await findWeakSpots(admin)).toEqual([]);
  });

  test('partitions made later have none either', async () => {
    const [made] = await admin<{ n: number }[]>`select ensure_ledger_partitions(now() + interval '60 days', now() + interval '62 days') as n`;
    expect(made?.n).toBeGreaterThan(0);
    expect(await findWeakSpots(admin)).toEqual([]);
  });

  const found = (change: string): Promise<string[]> => inDraft(admin, { change, look: findWeakSpots });

  const FUNCTION = (options: string): string =>
    `create function made_later() returns int language sql ${options} as 'select 1'; revoke execute on function made_later() from public`;

  test.each([
    ['a grant on a partition', 'grant select on agent_events_r7_default to mg_app', ['granted on a partition: agent_events_r7_default to mg_app: select']],
    [
      'a grant on a column of one',
      'grant select (body) on audit_records_r2555 to mg_report',
      ['granted on a partition: audit_records_r2555 to mg_report: select'],
    ],
    [
      'a grant to everybody on one',
      'grant insert on hitl_decisions_r90_default to public',
      ['granted on a partition: hitl_decisions_r90_default to public: insert', 'granted to everybody: hitl_decisions_r90_default: insert'],
    ],
    ['a table made without row-level security', 'create table made_later (org_id uuid)', ['row-level security not forced: made_later']],
    [
      'one where it is enabled but not forced',
      'create table made_later (org_id uuid); alter table made_later enable row level security',
      ['row-level security not forced: made_later'],
    ],
    ['one in another schema', 'create schema elsewhere; create table elsewhere.t (x int)', ['row-level security not forced: elsewhere.t']],
    [
      'a partition where it is off',
      'alter table policy_violations_r7_default no force row level security',
      ['row-level security not forced: policy_violations_r7_default'],
    ],
    ['a policy for everybody', 'create policy wide on agent_events using (true)', ['policy that shows other organisations: agent_events.wide']],
    [
      'a policy that forgot the organisation',
      "create policy wide on review for select to mg_app using (status = 'pending')",
      ['policy that shows other organisations: review.wide'],
    ],
    [
      'a function that runs as its owner with the caller’s search path',
      FUNCTION('security definer'),
      ['definer function of a role that passes row-level security: made_later()', 'definer function without a fixed search path: made_later()'],
    ],
    [
      'one whose search path lets temporary objects go first',
      `set local role mg_ledger; ${FUNCTION('security definer set search_path = public, pg_catalog')}; reset role`,
      ['definer function without a fixed search path: made_later()'],
    ],
    [
      'one whose search path begins with the caller’s schema',
      `set local role mg_ledger; ${FUNCTION('security definer set search_path = "$user", public, pg_catalog, pg_temp')}; reset role`,
      ['definer function without a fixed search path: made_later()'],
    ],
    ['a function that is open to everybody', "create function made_later() returns int language sql as 'select 1'", ['granted to everybody: made_later()']],
    ['a schema that is', 'grant create on schema public to public', ['granted to everybody: schema public']],
    ['a view that reads as its owner', 'create view made_later as select 1 as one', ['view that reads as its owner: made_later']],
    ['a privilege that may be handed on', 'grant select on agent to mg_report with grant option', ['may be handed on: agent by mg_report']],
    [
      'a partition whose row trigger is off',
      'alter table audit_records_r90_default disable trigger append_only',
      ['ledger rows may be changed: audit_records_r90_default'],
    ],
    ['the spine without its trigger', 'drop trigger append_only on ledger_entry', ['ledger rows may be changed: ledger_entry']],
    [
      'checkpoints without theirs',
      'alter table ledger_checkpoint disable trigger all',
      ['ledger may be truncated: ledger_checkpoint', 'ledger rows may be changed: ledger_checkpoint'],
    ],
    [
      'a partition that somebody made without the guard',
      "create table by_hand partition of agent_events_r7 for values from ('2200-01-01') to ('2200-01-02')",
      ['ledger may be truncated: by_hand', 'row-level security not forced: by_hand'],
    ],
  ])('%s is named', async (_, statement, lines) => {
    expect(await found(statement)).toEqual(lines);
  });
});
