import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diedError } from './child.mjs';
import { tailOf } from './log-file.mjs';
import { nextFreePort } from './ports.mjs';
import { preparePostgresBinaries } from './postgres-binaries.mjs';
import { clearStalePostmaster, ensureCluster, postgresEnvironment, superuser } from './postgres-cluster.mjs';
import { choosePostgresPlace } from './postgres-place.mjs';

/** Loopback only, no socket file; sized for one small machine; nothing replicates, so the least WAL is enough. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_connections: '200',
  wal_level: 'minimal',
  max_wal_senders: '0',
  timezone: 'UTC',
};

/** A process that is killed loses nothing by these; a machine that stops would. */
const withoutDisk = { fsync: 'off', full_page_writes: 'off' };

/**
 * The embedded PostgreSQL, accepting connections, with its database made.
 * @param {object} options
 * @param {ReturnType<typeof import('./child.mjs').createChildren>} options.children
 * @param {string} options.directory where the data directory goes, unless the server's account cannot reach it
 * @param {string} options.password of the superuser; must stay the same for the same data
 * @param {number} [options.port] wanted; the next free one is taken
 * @param {string} [options.database]
 * @param {boolean} [options.isThrownAway] nobody needs its data after a power cut: it does not wait for the disk
 */
export async function startPostgres({ children, directory, password, port: wanted = 5433, database = 'mastguard', isThrownAway = false }) {
  const place = await choosePostgresPlace({ native: preparePostgresBinaries(), directory });
  const data = await ensureCluster(place, password);
  await clearStalePostmaster(data);
  const port = await nextFreePort(wanted);
  const spec = {
    name: 'postgres',
    command: join(place.native, 'bin', 'postgres'),
    args: [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries({ ...settings, ...(isThrownAway && withoutDisk) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    env: postgresEnvironment(),
    cwd: place.root,
    account: place.account,
    // "Fast": open sessions are ended. SIGTERM would wait for them.
    stopSignal: /** @type {const} */ ('SIGINT'),
    graceMs: 30_000,
  };
  const urlFor = (/** @type {string} */ name) => `postgres://${superuser}:${password}@127.0.0.1:${port}/${name}`;
  const child = await startPastLingeringBackends(children, spec, urlFor('postgres'), database);
  return { adminUrl: urlFor(database), child, spec, root: place.root, stop: () => children.stop(spec.name) };
}

/**
 * After the server alone was killed, its backends end within moments; until then a new server refuses the data directory.
 * @param {ReturnType<typeof import('./child.mjs').createChildren>} children
 * @param {import('./child.mjs').ChildSpec} spec
 * @param {string} url
 * @param {string} database
 */
async function startPastLingeringBackends(children, spec, url, database) {
  for (let attempt = 1; ; attempt += 1) {
    const child = await children.start(spec);
    try {
      await createDatabase(child, url, database);
      return child;
    } catch (error) {
      const lingering = child.ending() !== undefined && tailOf(child.logFile, 5).includes('shared memory block');
      if (!lingering || attempt === 10) throw error;
      await sleep(1_000);
    }
  }
}

/** @param {import('./child.mjs').Child} child @param {string} url @param {string} database */
async function createDatabase(child, url, database) {
  // Not a Node built-in, hence not at the top: these scripts are loaded before anything is installed.
  const { default: postgres } = await import('postgres');
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    await untilAccepting(child, sql);
    const found = await sql`select 1 from pg_database where datname = ${database}`;
    if (found.length === 0) await sql`create database ${sql(database)}`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** @param {import('./child.mjs').Child} child @param {any} sql */
async function untilAccepting(child, sql) {
  // Crash recovery may have a full max_wal_size to go through.
  const deadline = Date.now() + 120_000;
  for (;;) {
    if (child.ending() !== undefined) throw diedError(child, 'starting');
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (error.code === '28P01')
        throw new Error('the embedded PostgreSQL refuses the password in secrets.json: that file does not belong to this data', { cause: error });
      if (Date.now() > deadline) throw diedError(child, 'it was given 120 s to accept connections');
      await sleep(100);
    }
  }
}
