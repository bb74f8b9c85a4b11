import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { openDatabase, type Sql } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';
import { type Child, type ChildSpec, createChildren, diedError } from '../../scripts/lib/child.mjs';
import { repositoryRoot } from '../../scripts/lib/paths.mjs';
import { nextFreePort } from '../../scripts/lib/ports.mjs';
import { clearStalePostmaster } from '../../scripts/lib/postgres-cluster.mjs';
import { startPostgres } from '../../scripts/lib/postgres-server.mjs';
import { signalProcess } from '../../scripts/lib/processes.mjs';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { acquireTemporalCli } from '../../scripts/lib/temporal-binary.mjs';
import { endedForTakenPort, startTemporal } from '../../scripts/lib/temporal-server.mjs';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { builtProduct } from './built-product.ts';
import { openTestPool } from './database.ts';
import { inLane } from './port-lane.ts';

/** In the order in which they are started. `api` is the API with the decision worker, as it runs in production. */
export const PARTS = ['postgres', 'temporal', 'api', 'hitl'] as const;
const IN_ORDER = [...PARTS, 'signer', 'maintenance'] as const;
export type Part = (typeof IN_ORDER)[number];

export interface HouseOptions {
  /** Also the process that signs checkpoints. */
  signer?: boolean;
  /** Also the process that sees to upkeep. */
  maintenance?: boolean;
  /** Settings of the product's processes beside those of the house. */
  settings?: Record<string, string>;
}

export interface House {
  apiUrl: string;
  /** Prometheus text of the `api` process. */
  metricsUrl: string;
  masterKey: Buffer;
  /** A superuser's. */
  adminUrl: string;
  /** As the application: role `mg_app`. */
  sql: Sql;
  /** Temporal's own database, a file of SQLite. */
  temporalFile: string;
  pid: (part: Part) => number;
  /** SIGKILL, all at once; resolves when they have ended. */
  kill: (...parts: Part[]) => Promise<void>;
  /** Starts killed parts again, on the same ports and data; resolves when they serve. */
  start: (...parts: Part[]) => Promise<void>;
  /** Parts that have ended without being killed from here, each with the end of its log. */
  deaths: () => string[];
  /** A connection made for this use, because an older one may still be backing off. */
  withTemporal: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
  close: () => Promise<void>;
}

const READY_WITHIN_MS = 90_000;

/**
 * PostgreSQL, Temporal and the built product as processes of their own, on free ports and in a directory of its own, so that a
 * test may kill them. Whatever is left running ends with `close`, and at the latest with this process.
 */
export async function openHouse({ signer = false, maintenance = false, settings = {} }: HouseOptions = {}): Promise<House> {
  builtProduct('workers/main.js');
  // The prefix and the owner's id are what the sweep of the next test run looks for.
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-test-'));
  writeFileSync(join(directory, 'owner.pid'), String(process.pid));
  chmodSync(directory, 0o711);
  mkdirSync(join(directory, 'logs'), { mode: 0o700 });
  const main = copyProduct(join(directory, 'product'));
  const children = createChildren({ logDirectory: join(directory, 'logs'), recordFile: join(directory, 'children.json') });
  const onExit = (): void => children.killAll();
  process.once('exit', onExit);
  const roots = [directory];
  const running = new Map<Part, { spec: ChildSpec; child: Child }>();
  const pools: Sql[] = [];
  const close = async (): Promise<void> => {
    for (const pool of pools) await pool.end({ timeout: 1 }).catch(() => undefined);
    await children.stopAll();
    process.off('exit', onExit);
    for (const root of roots) rmSync(root, { recursive: true, force: true });
  };

  try {
    const cli = await acquireTemporalCli({ progress: createProgress({ stream: process.stderr, live: false }) });
    const postgres = await startPostgres({ children, directory: join(directory, 'postgres'), password: 'drill', port: inLane(16_433) });
    roots.push(postgres.root);
    running.set('postgres', postgres);
    const temporal = await startTemporal({ children, cli, databaseFile: join(directory, 'temporal.db'), port: inLane(18_233), uiPort: false });
    running.set('temporal', temporal);
    const admin = openTestPool({ url: postgres.adminUrl, maxConnections: 1 });
    pools.push(admin);
    await migrate(admin);

    const masterKey = randomBytes(32);
    const ports = {
      api: await nextFreePort(inLane(18_787)),
      apiMetrics: await nextFreePort(inLane(19_464)),
      hitlMetrics: await nextFreePort(inLane(19_464)),
      signerMetrics: await nextFreePort(inLane(19_464)),
      maintenanceMetrics: await nextFreePort(inLane(19_464)),
    };
    const env = {
      ...withoutOurSettings(process.env),
      DATABASE_URL: postgres.adminUrl,
      DATABASE_ROLE: 'mg_app',
      MASTGUARD_MASTER_KEY: masterKey.toString('hex'),
      TEMPORAL_ADDRESS: temporal.address,
      PORT: String(ports.api),
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: 'warn',
      SIGNER_STATE_DIRECTORY: join(directory, 'signer'),
      ...settings,
    };
    const product = (name: Part, role: string, metricsPort: number): ChildSpec => ({
      name,
      command: process.execPath,
      args: [main, '--role', role],
      env: { ...env, METRICS_PORT: String(metricsPort) },
    });
    const apiUrl = `http://127.0.0.1:${ports.api}`;
    const metricsUrl = `http://127.0.0.1:${ports.apiMetrics}/metrics`;
    const specs: Record<Part, ChildSpec> = {
      postgres: postgres.spec,
      temporal: temporal.spec,
      api: product('api', 'api,decision', ports.apiMetrics),
      hitl: product('hitl', 'hitl', ports.hitlMetrics),
      signer: product('signer', 'signer', ports.signerMetrics),
      maintenance: product('maintenance', 'maintenance', ports.maintenanceMetrics),
    };
    const probes: Record<Part, () => Promise<unknown>> = {
      postgres: () => connectOnce(postgres.adminUrl),
      temporal: () => withTemporal((client) => client.workflowService.describeNamespace({ namespace: temporal.namespace }), 1_000),
      api: () => expectOk(`${apiUrl}/health/ready`),
      hitl: () => expectOk(`http://127.0.0.1:${ports.hitlMetrics}/metrics`),
      signer: () => expectOk(`http://127.0.0.1:${ports.signerMetrics}/metrics`),
      maintenance: () => expectOk(`http://127.0.0.1:${ports.maintenanceMetrics}/metrics`),
    };

    const withTemporal = async <T>(use: (client: Client) => Promise<T>, connectTimeout = 30_000): Promise<T> => {
      const connection = await Connection.connect({ address: temporal.address, connectTimeout });
      try {
        return await use(new Client({ connection, namespace: temporal.namespace, dataConverter: { payloadCodecs: [createPayloadCodec(masterKey)] } }));
      } finally {
        await connection.close();
      }
    };

    const start = async (...parts: Part[]): Promise<void> => {
      for (const part of IN_ORDER.filter((each) => parts.includes(each))) {
        if (part === 'postgres') await clearStalePostmaster(join(postgres.root, 'data'));
        await launch(part);
      }
    };

    /** PostgreSQL ends at once while backends of the killed server still hold its shared memory, Temporal where somebody has taken a port of its own: then once more. */
    const launch = async (part: Part): Promise<void> => {
      const deadlineMs = Date.now() + READY_WITHIN_MS;
      let child = await children.start(specs[part]);
      running.set(part, { spec: specs[part], child });
      const answers = () =>
        probes[part]().then(
          () => true,
          () => false,
        );
      // One that has ended does not serve, whoever else answers there.
      while (!(await answers()) || child.ending() !== undefined) {
        if (child.ending() !== undefined) {
          if (!(part === 'postgres' || (part === 'temporal' && endedForTakenPort(child))) || Date.now() > deadlineMs) throw diedError(child, 'starting');
          child = await children.start(specs[part]);
          running.set(part, { spec: specs[part], child });
        }
        if (Date.now() > deadlineMs) throw diedError(child, 'becoming ready');
        await sleep(100);
      }
    };

    await start('api', 'hitl', ...(signer ? (['signer'] as const) : []), ...(maintenance ? (['maintenance'] as const) : []));
    const sql = openTestPool({ url: postgres.adminUrl, role: 'mg_app', maxConnections: 4 });
    pools.push(sql);
    const childOf = (part: Part): Child => {
      const entry = running.get(part);
      if (entry === undefined) throw new Error(`${part} was not started`);
      return entry.child;
    };
    return {
      apiUrl,
      metricsUrl,
      masterKey,
      adminUrl: postgres.adminUrl,
      sql,
      temporalFile: join(directory, 'temporal.db'),
      pid: (part) => childOf(part).pid,
      async kill(...parts) {
        for (const part of parts) signalProcess(childOf(part).pid, 'SIGKILL');
        await Promise.all(parts.map((part) => childOf(part).ended));
      },
      start,
      deaths: () => [...running.values()].filter(({ child }) => child.ending() !== undefined).map(({ child }) => diedError(child, 'serving').message),
      withTemporal,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A copy, so that a build in the middle of a drill does not change what is started again. Answers its entry file. */
function copyProduct(place: string): string {
  cpSync(join(repositoryRoot, 'dist'), join(place, 'dist'), { recursive: true });
  cpSync(join(repositoryRoot, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(repositoryRoot, 'node_modules'), join(place, 'node_modules'), 'dir');
  return join(place, 'dist', 'workers', 'main.js');
}

/** What this run was started with (test runner, another Temporal) is not meant for the drilled processes. */
function withoutOurSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:TEMPORAL_|TEST_|NODE_OPTIONS$|HOST$|PUBLIC_URL$)/.test(name)));
}

async function expectOk(url: string): Promise<void> {
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  if (!ok) throw new Error(`${url} answered ${status}`);
}

async function connectOnce(url: string): Promise<void> {
  const sql = openDatabase({ url, maxConnections: 1 });
  try {
    await sql`select 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
