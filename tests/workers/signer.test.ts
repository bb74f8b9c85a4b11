import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Sql } from '../../db/client.ts';
import { newestCheckpoint } from '../../db/queries/checkpoints.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import type { SignerConfig } from '../../workers/signer/session.ts';
import { askToStandAside, takeStateLock } from '../../workers/signer/state-lock.ts';
import { type RunningSigner, startSigner } from '../../workers/signer.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditRecord } from '../support/ledger-records.ts';
import { startPausableProxy } from '../support/pausable-proxy.ts';
import { checkHistory } from '../support/signed-history.ts';
import { newStateDirectory, removeStateDirectories, SIGNER_HOST } from '../support/signer-turns.ts';
import { until } from '../support/until.ts';

describe('the running signer', () => {
  let database: TestDatabase;
  let app: Sql;
  let org: string;
  let directory: string;
  const running: RunningSigner[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    org = await addOrganization(app);
    directory = newStateDirectory();
  });

  afterEach(async () => {
    for (const signer of running.splice(0)) await signer.stop();
    await database.drop();
  });

  afterAll(removeStateDirectories);

  function start({ url = database.adminUrl, stateDirectory = directory }: { url?: string; stateDirectory?: string } = {}): {
    signer: RunningSigner;
    metrics: Registry;
  } {
    const config: SignerConfig = { databaseUrl: url, databaseRole: 'mg_signer', stateDirectory, host: SIGNER_HOST, hostIsGiven: true };
    const metrics = new Registry();
    const signer = startSigner({ config, logger: pino({ level: 'silent' }), metrics, limits: { dueAgeMs: 0 }, pollMs: 20 });
    running.push(signer);
    return { signer, metrics };
  }

  const size = async (): Promise<number> => (await newestCheckpoint(app, org))?.size ?? 0;
  const metric = async (metrics: Registry, name: string): Promise<number> => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await metrics.metrics())?.[1]);

  test('signs what is appended while it runs, and counts it', async () => {
    const { metrics } = start();
    await until(async () => (await size()) >= 4);
    const before = await size();
    await appendRecords(app, [auditRecord(org, 'while it runs')]);
    await until(async () => (await size()) > before);
    await until(async () => (await metric(metrics, 'mastguard_checkpoints_signed_total')) >= 2);
    expect(await metric(metrics, 'mastguard_signer_refusals')).toBe(0);
    expect(await metric(metrics, 'mastguard_checkpoint_lag_seconds')).toBeGreaterThanOrEqual(0);
    await checkHistory(app, org);
  });

  test('ends after the turn under way, and lets go of everything', async () => {
    const { signer } = start();
    await until(async () => (await size()) > 0);
    await signer.stop();
    running.length = 0;
    const lock = await takeStateLock(directory);
    expect(lock).toHaveProperty('release');
    if ('release' in lock) await lock.release();
    start();
    const before = await size();
    await appendRecords(app, [auditRecord(org, 'later')]);
    await until(async () => (await size()) > before);
  });

  test('of two on one state directory, or on one database, one signs; the other takes over when it ends', async () => {
    const first = start();
    await until(async () => (await size()) > 0);
    start();
    let before = await size();
    await appendRecords(app, [auditRecord(org, 'by the first')]);
    await until(async () => (await size()) > before);
    await first.signer.stop();
    before = await size();
    await appendRecords(app, [auditRecord(org, 'by the second')]);
    await until(async () => (await size()) > before);
    await checkHistory(app, org);
  });

  test('goes on by itself when the database has been away', async () => {
    const proxy = await startPausableProxy(database.adminUrl);
    try {
      start({ url: proxy.url });
      await until(async () => (await size()) > 0);
      proxy.cut();
      await appendRecords(app, [auditRecord(org, 'meanwhile')]);
      const before = await size();
      await sleep(100);
      expect(await size()).toBe(before);
      proxy.restore();
      await until(async () => (await size()) > before);
      await checkHistory(app, org);
    } finally {
      for (const signer of running.splice(0)) await signer.stop();
      await proxy.close();
    }
  });

  test('counts a refused organisation, whose lag is not that of the others', async () => {
    const { metrics } = start();
    await until(async () => (await size()) > 0);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    await admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`update ledger_head set head = sha256('x'), next_seq = next_seq - 1 where org_id = ${org}`;
    });
    await admin.end();
    await until(async () => (await metric(metrics, 'mastguard_signer_refusals')) === 1);
    expect(await metric(metrics, 'mastguard_checkpoint_lag_seconds')).toBe(0);
  });

  test('stands aside for a command that works on its state, and goes on when that has ended', async () => {
    start();
    await until(async () => (await size()) > 0);
    // Another process's request: that of this one would be its own.
    const script = `
      const { askToStandAside, takeStateLock } = await import(${JSON.stringify(new URL('../../workers/signer/state-lock.ts', import.meta.url).href)});
      const request = await askToStandAside(process.argv[1]);
      for (;;) { const lock = await takeStateLock(process.argv[1]); if ('release' in lock) { await lock.release(); break; } await new Promise((done) => setTimeout(done, 20)); }
      process.stdout.write('has it');
      process.stdin.resume(); process.stdin.on('end', async () => { await request.withdraw(); });`;
    const helper = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => helper.stdout.once('data', resolve));
    await appendRecords(app, [auditRecord(org, 'meanwhile')]);
    const before = await size();
    await sleep(200);
    expect(await size()).toBe(before);
    helper.stdin.end();
    await until(async () => (await size()) > before);
    expect(await askToStandAside(directory)).toHaveProperty('withdraw');
  });
});
