import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRetentionActivities } from '../../activities/retention.ts';
import { openDatabase, type Sql } from '../../db/client.ts';
import { placeHold } from '../../db/queries/holds.ts';
import { openTestPool } from '../support/database.ts';
import { addOrganization, auditOf } from '../support/ledger-records.ts';
import { nodeScript } from '../support/node-script.ts';
import { openRetentionStage, readLedger, type RetentionStage, type RunPosition, runPurge, standing, unexplained } from '../support/purged-ledger.ts';
import { until } from '../support/until.ts';

const PURGING = nodeScript('tests/support/purging-process.ts');
const RUN = { runId: 'prg_1', batchSize: 9 };

/** Three organisations with something due of each sort: whole partitions, leftovers beside a hold, entries of the spine. The clock stands still. */
async function prepared(): Promise<RetentionStage> {
  const stage = await openRetentionStage();
  const orgs = [];
  for (let count = 0; count < 3; count += 1) orgs.push(await addOrganization(stage.sql, { retentionDays: 7 }));
  const [first = '', second = ''] = orgs;
  await stage.append(first, 270);
  await stage.append(second, 20);
  await stage.pass(8);
  await stage.purge();
  for (const org of orgs) await stage.append(org, 20);
  const { entries } = await readLedger(stage.admin, second);
  const heldMs = new Date(entries.at(-5)?.atMs ?? 0).toISOString();
  await placeHold(stage.sql, { orgId: second, holdId: 'hld_1', reason: 'x', from: heldMs, until: heldMs, placedBy: 'system', audit: auditOf('hold.placed') });
  await stage.pass(8);
  await stage.clock.freeze(await stage.clock.now());
  await stage.admin`update ledger_clock set ahead = '0'`;
  return stage;
}

/** Everything a purge may touch, as text. */
async function tablesOf(admin: Sql): Promise<string> {
  const tables: unknown[] = [];
  for (const table of [
    'ledger_head',
    'ledger_entry',
    'agent_events',
    'hitl_decisions',
    'audit_records',
    'policy_violations',
    'ledger_tile',
    'ledger_prune',
    'purge_run',
    'retention_version',
  ])
    tables.push(table, await admin`select to_jsonb(t) as row from ${admin(table)} t order by to_jsonb(t)::text`);
  tables.push(await admin`select relname from pg_class where relispartition and relkind = 'r' order by 1`);
  return JSON.stringify(tables);
}

describe('a run that is killed and begun again at the step it was in', () => {
  let stage: RetentionStage;
  let serverSql: Sql;
  const template = (): string => new URL(stage.database.adminUrl).pathname.slice(1);
  beforeAll(async () => {
    stage = await prepared();
    await stage.close();
    serverSql = openTestPool({ url: process.env['TEST_ADMIN_DATABASE_URL'] ?? '', maxConnections: 1 });
  });
  afterAll(async () => {
    await stage.database.drop();
    await serverSql.end({ timeout: 1 });
  });

  /** On a copy of the prepared database; answers its tables afterwards. */
  const onCopy = async (use: (url: string) => Promise<void>): Promise<string> => {
    const name = `mg_test_${randomBytes(6).toString('hex')}`;
    await serverSql.unsafe(`create database ${name} template ${template()}`);
    const url = new URL(stage.database.adminUrl);
    url.pathname = `/${name}`;
    const admin = openTestPool({ url: url.href, maxConnections: 1 });
    try {
      await use(url.href);
      return await tablesOf(admin);
    } finally {
      await admin.end({ timeout: 1 });
      await serverSql.unsafe(`drop database ${name} with (force)`);
    }
  };
  const sessionsOf = (url: string) => serverSql`select from pg_stat_activity where datname = ${new URL(url).pathname.slice(1)} and usename is not null`;
  const withPurgeRole = async (url: string, use: (sql: Sql) => Promise<unknown>): Promise<void> => {
    const sql = openTestPool({ url, role: 'mg_purge', maxConnections: 1 });
    try {
      await use(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };

  test('leaves the same tables, however often and behind whichever statements it dies', async () => {
    const undisturbed = await onCopy((url) => withPurgeRole(url, (sql) => runPurge(sql, RUN)));
    const tables = await onCopy(async (url) => {
      const position: RunPosition = { step: 'record', after: null };
      let deaths = 0;
      // The first process dies behind its first statement, the second one behind its second.
      while (position.step !== 'done') await withPurgeRole(url, (sql) => untilDead(sql, (deaths += 1), position));
      expect(deaths).toBeGreaterThan(10);
    });
    expect(tables === undisturbed).toBe(true);
  });

  test('leaves the same tables where SIGKILL met it in the middle of its statements', async () => {
    const small = { ...RUN, batchSize: 3 };
    // Begun from the start, it drops what has become empty meanwhile: so the undisturbed one is begun once more as well.
    const twice = async (sql: Sql): Promise<void> => {
      await runPurge(sql, small);
      await runPurge(sql, small);
    };
    const undisturbed = await onCopy((url) => withPurgeRole(url, twice));
    const tables = await onCopy(async (url) => {
      for (let afterMs = 5; afterMs <= 80; afterMs += 25) {
        const child = spawn(process.execPath, [PURGING, url, RUN.runId], { stdio: ['ignore', 'pipe', 'inherit'] });
        await once(child.stdout, 'data');
        await sleep(afterMs);
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      // The last statement of a process that was killed may still hold what the next run would drop.
      await until(async () => (await sessionsOf(url)).length === 0);
      await withPurgeRole(url, twice);
    });
    expect(tables === undisturbed).toBe(true);
  });

  /** A run from a position on that dies behind its last statement, or comes to its end: the answer of the last one is never seen. */
  const untilDead = (sql: Sql, last: number, position: RunPosition): Promise<unknown> => {
    let statements = 0;
    return new Promise<void>((resolve, reject) => {
      const dying = mortal(sql, {
        onStatement: () => {
          statements += 1;
          if (statements < last) return undefined;
          resolve();
          return new Promise<never>(() => undefined);
        },
      });
      runPurge(dying, { ...RUN, position }).then(() => resolve(), reject);
    });
  };
});

/** The same connection, with something done behind each statement. */
function mortal(sql: Sql, { onStatement }: { onStatement: () => unknown }): Sql {
  return new Proxy(sql, {
    apply: async (target, self, args) => {
      const rows: unknown = await Reflect.apply(target, self, args);
      await onStatement();
      return rows;
    },
  });
}

describe('steps', () => {
  let stage: RetentionStage;
  beforeEach(async () => {
    stage = await openRetentionStage();
  });
  afterEach(() => stage.stop());

  test('take up what a run has left that was cancelled in between', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 30);
    await stage.pass(8);
    const steps = createRetentionActivities({ sql: stage.purgeSql, batchSize: 5, batches: 2 });
    expect(await steps.recordPurges({ runId: 'prg_1', after: null })).toMatchObject({ next: null, total: 31, done: 0, running: 1 });
    expect(await steps.deleteBodies({ runId: 'prg_1' })).toMatchObject({ total: 31, done: 10, running: 1 });
    expect(await steps.endPurge({ runId: 'prg_1' })).toMatchObject({ running: 0, cancelled: 1 });
    expect(await steps.deleteBodies({ runId: 'prg_1' })).toMatchObject({ done: 10, running: 0 });
    expect(standing(await readLedger(stage.admin, org))).toHaveLength(22);
    expect(await unexplained(stage.admin, org)).toEqual([]);
    expect(await stage.purge()).toMatchObject({ total: 21, done: 21 });
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test.each([
    ['that cannot be purged', 'check_violation'],
    ['whose statements take too long', 'query_canceled'],
  ])('go on with the other organisations where one has a ledger %s', async (_what, code) => {
    const [broken, whole] = [await addOrganization(stage.sql, { retentionDays: 7 }), await addOrganization(stage.sql, { retentionDays: 7 })];
    await stage.pass(8);
    // A head that goes backwards: whoever did that, a purge is no occasion to append to it.
    await stage.admin.unsafe(`
      create function fail_for() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '${code}'; end $$;
      create trigger fail_for before insert on ledger_entry for each row when (new.org_id = '${broken}') execute function fail_for()`);
    const failures: string[] = [];
    const activities = createRetentionActivities({ sql: stage.purgeSql, reportFailure: (orgId) => void failures.push(orgId) });
    expect(await activities.recordPurges({ runId: 'prg_1', after: null })).toMatchObject({ running: 1, failed: 1 });
    expect(await activities.deleteBodies({ runId: 'prg_1' })).toMatchObject({ done: 1, finished: 1, failed: 1 });
    expect(failures).toEqual([broken]);
    expect([standing(await readLedger(stage.admin, broken)), standing(await readLedger(stage.admin, whole))]).toEqual([[0], [1]]);
  });

  test('go on with single bodies where a partition takes too long to drop', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 30);
    await stage.pass(8);
    // As a statement that is out of time: it is out of time whenever it is tried.
    await stage.admin.unsafe(`
      create function be_slow() returns event_trigger language plpgsql as $$ begin raise exception 'canceling statement due to statement timeout' using errcode = 'query_canceled'; end $$;
      create event trigger be_slow on ddl_command_start when tag in ('ALTER TABLE', 'DROP TABLE') execute function be_slow()`);
    expect(await stage.purge()).toMatchObject({ total: 31, done: 31, finished: 1, leaves: 0 });
    expect(standing(await readLedger(stage.admin, org))).toEqual([31]);
    await stage.admin.unsafe('drop event trigger be_slow');
    expect((await stage.purge()).leaves).toBeGreaterThan(0);
  });

  test('fail as a whole while the database is away, so that they are tried again', async () => {
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', maxConnections: 1 });
    const failures: string[] = [];
    const activities = createRetentionActivities({ sql: away, reportFailure: (orgId) => void failures.push(orgId) });
    await expect(activities.deleteBodies({ runId: 'prg_1' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(failures).toEqual([]);
    await away.end({ timeout: 1 });
  });

  test('end where they are told to between two statements', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 30);
    await stage.pass(8);
    let beats = 0;
    const activities = createRetentionActivities({
      sql: stage.purgeSql,
      batchSize: 5,
      beat() {
        beats += 1;
        if (beats === 3) throw new Error('told to end');
      },
    });
    await activities.recordPurges({ runId: 'prg_1', after: null });
    await expect(activities.deleteBodies({ runId: 'prg_1' })).rejects.toThrow('told to end');
    expect(standing(await readLedger(stage.admin, org))).toHaveLength(22);
  });

  test('record those that waited for a checkpoint once it is there', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.clock.advance(8);
    const activities = createRetentionActivities({ sql: stage.purgeSql });
    expect(await activities.recordPurges({ runId: 'prg_1', after: null })).toMatchObject({ unsigned: 1, running: 0 });
    expect(await activities.recordSigned({ runId: 'prg_1' })).toMatchObject({ unsigned: 1, running: 0 });
    await stage.sign();
    expect(await activities.recordSigned({ runId: 'prg_1' })).toMatchObject({ unsigned: 0, running: 1 });
    expect(await activities.deleteBodies({ runId: 'prg_1' })).toMatchObject({ total: 1, done: 1, finished: 1 });
    expect(standing(await readLedger(stage.admin, org))).toEqual([1]);
  });
});
