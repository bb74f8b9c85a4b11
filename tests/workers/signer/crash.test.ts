import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Sql } from '../../../db/client.ts';
import { listCheckpoints } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { openMemory } from '../../../workers/signer/memory.ts';
import type { TickReport } from '../../../workers/signer/tick.ts';
import { startAnswerCuttingProxy } from '../../support/answer-cutting-proxy.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkDeploymentHistory, checkHistory } from '../../support/signed-history.ts';
import { nodeScript } from '../../support/node-script.ts';
import { newStateDirectory, openTurns, removeStateDirectories, SIGNER_HOST, type SignerTurns, untilSignerLockIsFree } from '../../support/signer-turns.ts';

const PROCESS = nodeScript('tests/support/signer-process.ts');
/** More than a turn makes. */
const NEVER = 1_000;

describe('a signer that is killed', () => {
  let database: TestDatabase;
  let app: Sql;
  let admin: Sql;
  let orgs: string[];
  let directory: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    orgs = [await addOrganization(app), await addOrganization(app)];
    directory = newStateDirectory();
  });

  afterEach(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  afterAll(removeStateDirectories);

  const append = async (name: string): Promise<void> => {
    for (const org of orgs) await appendRecords(app, [auditRecord(org, name)]);
  };
  const numbers = () => Promise.all(orgs.map(async (orgId) => (await listCheckpoints(app, { orgId, afterNumber: 0, limit: 1_000 })).at(-1)?.number ?? 0));

  /** Null where it killed itself. */
  async function run(killAt: number): Promise<TickReport | null> {
    const child = spawn(process.execPath, [PROCESS, database.adminUrl, directory, String(killAt)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, problems, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null, string | null]>,
    ]);
    await untilSignerLockIsFree(database.adminUrl);
    if (signal === 'SIGKILL') return null;
    if (code !== 0) throw new Error(`the signer ended with code ${code}: ${problems}`);
    return JSON.parse(out) as TickReport;
  }

  /** Kills it before its first call, then before its second, and so on, until it is through; answers how often. */
  async function killAtEveryCall(): Promise<number> {
    for (let killAt = 1; ; killAt += 1) {
      await append(`${Date.now()} ${killAt}`);
      const before = await numbers();
      const report = await run(killAt);
      if (report !== null) {
        expect(report).toMatchObject({ signed: 2, refusals: 0, waits: false });
        return killAt - 1;
      }
      // Killed before its state was durable: nothing of it has left the process.
      expect(await numbers()).toEqual(before);
    }
  }

  test('at whatever call of its first start or of a later turn, goes on from what it remembers: one history, numbers without gaps', async () => {
    expect(await killAtEveryCall()).toBeGreaterThan(10);
    // Two organisations and the deployment log, each created, written, synced and renamed; and two directories.
    await append('in between');
    expect(await run(NEVER)).toMatchObject({ signed: 2, refusals: 0 });
    expect(await killAtEveryCall()).toBe(14);
    expect(await numbers()).toEqual([3, 3]);
    for (const org of orgs) {
      const { checkpoints, entries } = await checkHistory(app, org);
      expect(checkpoints.at(-1)?.size).toBe(entries);
    }
    await checkDeploymentHistory(admin);
  }, 900_000);

  test('after it remembered and before it recorded, does not sign another history in place of the one it remembers', async () => {
    expect(await run(NEVER)).toMatchObject({ signed: 2 });
    await append('remembered');
    // The last call of a turn makes the name of the deployment log's state durable.
    let killAt = 1;
    const sizes = async () => {
      const { orgs: remembered } = await openMemory(directory);
      return orgs.map((org) => remembered.get(org)?.position?.size ?? 0);
    };
    const [before = 0] = await sizes();
    while ((await sizes()).some((size) => size === before)) {
      expect(await run(killAt)).toBeNull();
      killAt += 1;
    }
    expect(await numbers()).toEqual([1, 1]);
    const [org = '', other = ''] = orgs;
    await admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`delete from ledger_entry where org_id = ${org} and seq = ${before}`;
      await tx`update ledger_head set next_seq = ${before}, head = (select entry_hash from ledger_entry where org_id = ${org} and seq = ${before - 1}) where org_id = ${org}`;
    });
    await append('in its place');
    expect(await run(NEVER)).toMatchObject({ signed: 1, refusals: 1 });
    expect(await numbers()).toEqual([1, 2]);
    await checkHistory(app, other);
  });

  test('or cut off from the database between commit and answer, neither signs twice nor loses its place', async () => {
    // Stands in signed notes alone.
    const proxy = await startAnswerCuttingProxy(database.adminUrl, { marker: `— ${SIGNER_HOST}/mg/time `, times: 1 });
    const turns: SignerTurns = await openTurns(proxy.url, { directory });
    try {
      await expect(turns.tick()).rejects.toThrow('CONNECTION');
      expect(proxy.cuts).toBe(1);
      expect(await numbers()).toEqual([1, 1]);
      // The server needs a moment to notice that the session, and the lock with it, is gone.
      let report = await turns.tick();
      while (report.waits) report = await turns.tick();
      expect(report).toMatchObject({ signed: 0, refusals: 0 });
      await append('later');
      expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
      for (const org of orgs) expect((await checkHistory(app, org)).checkpoints).toHaveLength(2);
      expect(await checkDeploymentHistory(admin)).toBe(2);
    } finally {
      await turns.close();
      await proxy.close();
    }
  });
});
