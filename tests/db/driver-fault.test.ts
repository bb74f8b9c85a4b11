import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../db/client.ts';
import type { Sql, TransactionSql } from '../../db/client.ts';
import { asTenant } from '../../db/tenant.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';

type Kill = (tx: TransactionSql) => Promise<unknown>;
const idleTooLong: Kill = async (tx) => {
  await tx`set local idle_in_transaction_session_timeout = 20`;
  await sleep(80);
};

/**
 * porsager/postgres 3.4.9 as released lets what a dead transaction still says run inside another request's (docs/adr/0004-driver-patch.md).
 * Each test fails with the driver as released.
 */
describe('a connection that dies inside a transaction', () => {
  let database: TestDatabase;
  let admin: Sql;
  let pool: Sql;

  beforeEach(async () => {
    database = await createTestDatabase();
    admin = openDatabase({ url: database.adminUrl, maxConnections: 2, connectTimeoutMs: 10_000 });
    await admin`create table written (who text not null, round int not null)`;
    pool = openDatabase({ url: database.adminUrl, maxConnections: 4, connectTimeoutMs: 10_000 });
  });

  afterEach(async () => {
    await pool.end({ timeout: 1 });
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  const terminate: Kill = async (tx) => {
    const [self] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await admin`select pg_terminate_backend(${self?.pid ?? 0})`;
    await sleep(40);
  };

  /** Dies, and like any request that has not noticed yet goes on talking. */
  const victim = (round: number, kill: Kill): Promise<unknown> =>
    pool
      .begin(async (tx) => {
        await tx`insert into written values ('victim', ${round})`;
        await kill(tx);
        for (let at = 0; at < 5; at += 1) {
          await tx`insert into written values ('victim', ${round})`.catch(() => undefined);
          await sleep(5);
        }
        throw new Error('rolled back');
      })
      .then(
        () => 'committed',
        () => 'rolled back',
      );

  const innocent = (round: number): Promise<unknown> =>
    pool
      .begin(async (tx) => {
        await tx`insert into written values ('innocent', ${round})`;
        await sleep(20);
        await tx`insert into written values ('innocent', ${round})`;
      })
      .then(
        () => 'committed',
        () => 'rolled back',
      );

  test.each([
    ['pg_terminate_backend', terminate],
    ['idle_in_transaction_session_timeout', idleTooLong],
  ])('leaves no row of the rolled-back transaction and never half of another: %s', async (_, kill) => {
    for (let round = 0; round < 4; round += 1) {
      const outcomes = await Promise.all([...Array.from({ length: 4 }, () => victim(round, kill)), ...Array.from({ length: 12 }, () => innocent(round))]);
      expect(outcomes.slice(0, 4)).toEqual(Array<string>(4).fill('rolled back'));
      const committed = outcomes.slice(4).filter((outcome) => outcome === 'committed').length;
      // A request may hear of a connection that had just died; most must not.
      expect(committed).toBeGreaterThan(4);
      expect(await admin`select who, count(*)::int as rows from written where round = ${round} group by who`).toEqual([
        { who: 'innocent', rows: 2 * committed },
      ]);
    }
  });

  test('lets no request read another organisation, nor lose sight of its own', async () => {
    const orgs = [await addOrganization(database.appSql), await addOrganization(database.appSql)] as const;
    const readers = openDatabase({ url: database.adminUrl, role: 'mg_app', maxConnections: 4, connectTimeoutMs: 10_000 });
    const dying = (org: string): Promise<unknown> =>
      asTenant(readers, org, async (tx) => {
        await terminate(tx);
        for (let at = 0; at < 5; at += 1) {
          await tx`select set_config('mg.org_id', ${org}, true)`.catch(() => undefined);
          await sleep(5);
        }
      }).catch(() => undefined);
    const reading = (org: string): Promise<string[] | 'failed'> =>
      asTenant(readers, org, async (tx) => {
        await sleep(15);
        return (await tx<{ org: string }[]>`select org_id as org from ledger_entry`).map((row) => row.org);
      }).catch(() => 'failed' as const);

    let answered = 0;
    for (let round = 0; round < 5; round += 1) {
      const [, results] = await Promise.all([
        Promise.all(Array.from({ length: 4 }, () => dying(orgs[0]))),
        Promise.all(Array.from({ length: 16 }, async (_, at) => ({ org: orgs[at % 2] ?? '', seen: await reading(orgs[at % 2] ?? '') }))),
      ]);
      for (const { org, seen } of results) {
        if (seen === 'failed') continue;
        answered += 1;
        expect(seen).toEqual([org]);
      }
    }
    expect(answered).toBeGreaterThan(40);
    await readers.end({ timeout: 1 });
  });

  test('is over for good: every later statement of the transaction fails, and the pool goes on', async () => {
    const later: unknown[] = [];
    await pool
      .begin(async (tx) => {
        await terminate(tx);
        for (let at = 0; at < 3; at += 1)
          later.push(
            await tx`select 1`.then(
              () => 'answered',
              () => 'refused',
            ),
          );
      })
      .catch(() => undefined);
    await sleep(50);
    expect(later).toEqual(['refused', 'refused', 'refused']);
    expect(await pool`select 1 as one`).toEqual([{ one: 1 }]);
  });
});

test.each(['src', 'cjs/src'])('the patch stands in %s of the installed driver', async (folder) => {
  const installed = join(dirname(createRequire(import.meta.url).resolve('postgres')), '../..');
  const source = await readFile(join(installed, folder, 'index.js'), 'utf8');
  expect(source).toContain('connection.onclose = e => { dead = e; reject(e) }');
  expect(source).toMatch(/if \(dead\)\s+return q\.reject\(dead\)/);
});
