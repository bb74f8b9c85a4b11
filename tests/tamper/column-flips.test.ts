import type { Sql } from '../../db/client.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { columnFlips } from './column-flips.ts';

describe('columnFlips', () => {
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

  test('every column of the ledger is changed in an attack of its own', async () => {
    const names = (await columnFlips(admin)).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(90);
    expect(names).toEqual(expect.arrayContaining(['ledger_entry.retain_days changed', 'agent_events.body changed', 'ledger_tile.root changed']));
  });

  test.each([
    ['alter table ledger_entry add column note text', 'ledger_entry.note'],
    ['alter table audit_records add column severity int', 'audit_records.severity'],
    ['create table ledger_annex (org_id uuid)', 'ledger_annex.org_id'],
    ['alter table ledger_tile rename column root to hash', 'ledger_tile.hash, ledger_tile.root (gone)'],
  ])('of a column that nobody has thought about it says so: %s', async (change, named) => {
    await expect(
      admin.begin(async (tx) => {
        await tx.unsafe(change);
        await columnFlips(tx as unknown as Sql);
      }),
    ).rejects.toThrow(`of these nobody has said what must be found when they change: ${named}`);
  });
});
