import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { openDatabase } from '../../db/client.ts';
import type { Sql, TransactionSql } from '../../db/client.ts';
import { asTenant } from '../../db/tenant.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';
import { until } from '../support/until.ts';

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
    admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
    await admin`create table written (who text not null, round int not null)`;
    pool = openTestPool({ url: database.adminUrl, maxConnections: 4 });
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
    const readers = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 4 });
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

/**
 * Whatever happens to a connection, a statement on it ends: answered, or with an error. As released, a connection that is closed while a
 * small write waits in its buffer never sends anything again, and one that is closed before its first statement keeps that one for ever.
 */
describe('a connection that is closed', () => {
  let database: TestDatabase;
  const open: { close: () => unknown }[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    for (const { close } of open.splice(0).toReversed()) await close();
  });

  afterAll(() => database.drop());

  const listening = async (onConnection: (client: Socket) => void): Promise<string> => {
    const clients = new Set<Socket>();
    const server = createServer((client) => {
      clients.add(client);
      onConnection(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => {
        for (const client of clients) client.destroy();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    const url = new URL(database.adminUrl);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    return url.href;
  };

  /** Passes everything on to the server, and ends the connection when `isOver` says so of what came from either side. */
  const forwarding = (isOver: (from: 'client' | 'server', data: Buffer) => boolean, end: (client: Socket) => void): Promise<string> =>
    listening((client) => {
      const target = new URL(database.adminUrl);
      const upstream = connect(Number(target.port || 5432), target.hostname);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.on('close', () => upstream.destroy());
      upstream.on('data', (data) => {
        client.write(data);
        if (isOver('server', data)) end(client);
      });
      client.on('data', (data) => (isOver('client', data) ? end(client) : upstream.write(data)));
    });

  const poolOf = (url: string, options: { max?: number } = {}): Sql => {
    const pool = openDatabase({ url, maxConnections: options.max ?? 1, connectTimeoutMs: 30_000 });
    open.push({ close: () => pool.end({ timeout: 1 }) });
    return pool;
  };

  const outcomeOf = (statement: Promise<unknown>): Promise<string> =>
    Promise.race([
      statement.then(
        () => 'answered',
        (error: { code?: string }) => error.code ?? 'failed',
      ),
      sleep(60_000, 'still waiting', { ref: false }),
    ]);

  test.each([
    ['closed', (client: Socket) => client.end(), 'CONNECTION_CLOSED'],
    ['reset', (client: Socket) => client.resetAndDestroy(), 'ECONNRESET'],
  ] as const)('before its first statement is sent fails that statement: %s', async (_, end, code) => {
    const pool = poolOf(
      await listening((client) => {
        client.on('error', () => undefined);
        end(client);
      }),
      { max: 2 },
    );
    expect(await Promise.all(Array.from({ length: 5 }, () => outcomeOf(pool`select 1`)))).toEqual(Array<string>(5).fill(code));
  });

  test('between an answer and the next statement takes nothing with it: every statement ends, and the connection comes back', async () => {
    const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
    let answers = 0;
    // The answer and the end of the connection arrive together, as when a server stops: the next statement is written in between.
    const url = await forwarding(
      (from, data) => from === 'server' && data.subarray(-ready.length).equals(ready) && (answers += 1) % 3 === 0,
      (client) => client.end(),
    );
    const pool = poolOf(url);
    const outcomes: string[] = [];
    for (let round = 0; round < 60; round += 1) outcomes.push(await outcomeOf(pool`select ${round}::int`));
    expect(outcomes).not.toContain('still waiting');
    expect(outcomes).not.toContain('CONNECT_TIMEOUT');
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(10);
  });

  test('while the driver learns the types of arrays ends no process', async () => {
    const rejections: unknown[] = [];
    const keep = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', keep);
    try {
      const pool = poolOf(
        await forwarding(
          (from, data) => from === 'client' && data.includes('typarray'),
          (client) => client.end(),
        ),
      );
      expect(await outcomeOf(pool`select 1`)).toBe('CONNECTION_CLOSED');
      await sleep(50);
      expect(rejections).toEqual([]);
    } finally {
      process.off('unhandledRejection', keep);
    }
  });

  test('by a kill leaves its error with the statement it hit, not with the next one', async () => {
    const pool = poolOf(database.adminUrl);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    open.push({ close: () => admin.end({ timeout: 1 }) });
    for (let round = 0; round < 5; round += 1) {
      const [self] = await pool<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const sleeping = outcomeOf(pool`select pg_sleep(600)`);
      await until(async () => (await admin`select 1 from pg_stat_activity where pid = ${self?.pid ?? 0} and wait_event = 'PgSleep'`).length > 0);
      await admin`select pg_terminate_backend(${self?.pid ?? 0})`;
      expect(await sleeping).not.toBe('answered');
      expect(await outcomeOf(pool`select 1`)).toBe('answered');
    }
  });

  test('has its transaction to itself also where its pipeline is full', async () => {
    // Not among the driver's types.
    const options = { max: 1, max_pipeline: 0, onnotice: () => undefined };
    const pool = postgres(database.adminUrl, options);
    open.push({ close: () => pool.end({ timeout: 1 }) });
    await pool`create table if not exists piped (who text)`;
    const rolledBack = pool
      .begin(async (tx) => {
        await tx`insert into piped values ('inside')`;
        await sleep(20);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    const outside = pool`insert into piped values ('outside')`;
    await Promise.all([rolledBack, outside]);
    expect(await pool`select who from piped`).toEqual([{ who: 'outside' }]);
  });
});

test.each(['src', 'cjs/src'])('the patch stands in %s of the installed driver', async (folder) => {
  const installed = join(dirname(createRequire(import.meta.url).resolve('postgres')), '../..');
  const source = await readFile(join(installed, folder, 'index.js'), 'utf8');
  const connection = await readFile(join(installed, folder, 'connection.js'), 'utf8');
  expect(connection.match(/chunk = nextWriteTimer = null/g)).toHaveLength(3);
  expect(connection).toContain('if (q !== query)');
  expect(source).toContain('connection.onclose = e => { dead = e; reject(e) }');
  expect(source).toMatch(/if \(dead\)\s+return q\.reject\(dead\)/);
});
