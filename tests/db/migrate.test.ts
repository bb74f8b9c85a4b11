import { randomBytes } from 'node:crypto';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sql } from '../../db/client.ts';
import { MigrationError, migrate } from '../../db/migrate.ts';
import { openTestPool } from '../support/database.ts';
import { until } from '../support/until.ts';

const RELEASED = join(import.meta.dirname, '../../db/migrations');
const ALL = ['0001_roles.sql', '0002_tenancy.sql', '0003_ledger.sql', '0004_governance.sql', '0005_administration.sql'];

describe('migrate', () => {
  const name = `mg_test_${randomBytes(6).toString('hex')}`;
  let admin: Sql;
  let sql: Sql;
  let directory: string;

  beforeEach(async () => {
    const serverUrl = process.env['TEST_ADMIN_DATABASE_URL'] ?? '';
    admin = openTestPool({ url: serverUrl, maxConnections: 1 });
    await admin`create database ${admin(name)} template template0`;
    sql = openTestPool({ url: databaseUrl(), maxConnections: 4 });
    directory = await mkdtemp(join(tmpdir(), 'mastguard-migrations-'));
  });

  afterEach(async () => {
    await sql.end({ timeout: 1 });
    await admin`drop database ${admin(name)} with (force)`;
    await admin.end({ timeout: 5 });
    await rm(directory, { recursive: true });
  });

  const write = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text);
  const tables = async (): Promise<string[]> =>
    (await sql<{ name: string }[]>`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`).map(
      (row) => row.name,
    );

  test('a fresh database gets every migration in order, a second run none', async () => {
    expect(await migrate(sql)).toEqual(expect.arrayContaining(ALL));
    expect(await migrate(sql)).toEqual([]);
    const recorded = await sql<{ name: string }[]>`select name from schema_migration order by applied_at, name`;
    expect(recorded.map((row) => row.name).slice(0, ALL.length)).toEqual(ALL);
  });

  test('two that start at once apply every migration once between them', async () => {
    const [one, other] = await Promise.all([migrate(sql), migrate(sql)]);
    expect([...one, ...other]).toEqual(expect.arrayContaining(ALL));
    expect(new Set([...one, ...other]).size).toBe(one.length + other.length);
  });

  test('a lock held for longer than the statement limit of the pool only delays', async () => {
    await write('0001_first.sql', 'create table first (id int)');
    const impatient = openTestPool({ url: databaseUrl(), maxConnections: 1 });
    // Longer than a statement that waits for nothing takes on a busy machine.
    await impatient`set statement_timeout = 3000`;
    let release = (): void => undefined;
    let holder: Promise<unknown> = Promise.resolve();
    await new Promise<void>((held) => {
      holder = sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(7305119203)`;
        held();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      });
    });
    const waiting = migrate(impatient, directory);
    await until(
      async () => (await admin`select 1 from pg_locks l join pg_database d on d.oid = l.database where d.datname = ${name} and not l.granted`).length > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    release();
    await holder;
    expect(await waiting).toEqual(['0001_first.sql']);
    await impatient.end({ timeout: 1 });
  });

  test('a file that has changed since it was applied stops everything before anything runs', async () => {
    await write('0001_first.sql', 'create table first (id int);\n');
    await migrate(sql, directory);
    await appendFile(join(directory, '0001_first.sql'), '-- a comment\n');
    await write('0002_second.sql', 'create table second (id int)');
    await expect(migrate(sql, directory)).rejects.toThrow('0001_first.sql has changed');
    expect(await tables()).not.toContain('second');
  });

  test('a gap in the numbers is refused before anything runs', async () => {
    await write('0001_first.sql', 'create table first (id int)');
    await write('0003_third.sql', 'create table third (id int)');
    await expect(migrate(sql, directory)).rejects.toThrow(MigrationError);
    expect(await tables()).toEqual([]);
  });

  test('a database of a newer release is refused', async () => {
    await write('0001_first.sql', 'create table first (id int)');
    await write('0002_second.sql', 'create table second (id int)');
    await migrate(sql, directory);
    await rm(join(directory, '0002_second.sql'));
    await expect(migrate(sql, directory)).rejects.toThrow('a newer release');
  });

  test('a file that fails is rolled back whole, those before it stand, and the next run carries on there', async () => {
    await write('0001_first.sql', 'create table first (id int)');
    await write('0002_second.sql', 'create table second (id int); insert into second values (1); select 1 / 0');
    await expect(migrate(sql, directory)).rejects.toMatchObject({ code: 'migration-failed', cause: { code: '22012' } });
    expect(await tables()).toEqual(['first', 'schema_migration']);
    await write('0002_second.sql', 'create table second (id int)');
    expect(await migrate(sql, directory)).toEqual(['0002_second.sql']);
  });

  test('a connection that dies in a file is an error, records nothing and leaves no lock', async () => {
    await write('0001_first.sql', 'create table first (id int); select pg_terminate_backend(pg_backend_pid())');
    await expect(migrate(sql, directory)).rejects.toThrow(MigrationError);
    await write('0001_first.sql', 'create table first (id int)');
    // The pool's next statement on that connection may still hear of its end.
    await expect(migrate(sql, directory).catch(() => migrate(sql, directory))).resolves.toEqual(['0001_first.sql']);
  });

  test('a file that leaves a role behind still has its name recorded, and the role does not outlive it', async () => {
    await cp(join(RELEASED, '0001_roles.sql'), join(directory, '0001_roles.sql'));
    await write('0002_second.sql', 'set local role mg_owner; create table second (id int)');
    expect(await migrate(sql, directory)).toEqual(['0001_roles.sql', '0002_second.sql']);
    expect(await sql`select tableowner as owner, current_user <> 'mg_owner' as back from pg_tables where tablename = 'second'`).toEqual([
      { owner: 'mg_owner', back: true },
    ]);
  });

  function databaseUrl(): string {
    const url = new URL(process.env['TEST_ADMIN_DATABASE_URL'] ?? '');
    url.pathname = `/${name}`;
    return url.href;
  }
});
