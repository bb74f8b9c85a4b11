import type { Sql } from '../../../db/client.ts';
import { listCheckpoints } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { type DurableFs, durableFs } from '../../../workers/signer/durable-file.ts';
import { openMemory } from '../../../workers/signer/memory.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkDeploymentHistory, checkHistory } from '../../support/signed-history.ts';
import { openTurns, removeStateDirectories, type SignerTurns } from '../../support/signer-turns.ts';

type Call = 'create' | 'write' | 'sync' | 'close' | 'rename' | 'syncDirectory';

/** The file system, of which one call fails: the one for which `fails` says so. */
function failingFs(fails: (call: Call, file: string) => NodeJS.ErrnoException | undefined): DurableFs {
  const attempt = async <T>(call: Call, file: string, work: () => Promise<T>): Promise<T> => {
    const error = fails(call, file);
    if (error !== undefined) throw error;
    return work();
  };
  return {
    async create(file) {
      const handle = await attempt('create', file, () => durableFs.create(file));
      return {
        // A full disk takes a part of what is written.
        write: (text) =>
          attempt('write', file, () => handle.write(text)).catch(async (error: unknown) => {
            await handle.write(text.slice(0, text.length / 2));
            throw error;
          }),
        sync: () => attempt('sync', file, () => handle.sync()),
        close: () => handle.close(),
      };
    },
    rename: (from, to) => attempt('rename', to, () => durableFs.rename(from, to)),
    syncDirectory: (directory) => attempt('syncDirectory', directory, () => durableFs.syncDirectory(directory)),
  };
}

const errorOf = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: injected`), { code });

describe('what the signer remembers', () => {
  let database: TestDatabase;
  let app: Sql;
  let admin: Sql;
  let orgs: string[];
  let turns: SignerTurns;
  let failure: ((call: Call, file: string) => NodeJS.ErrnoException | undefined) | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    orgs = [await addOrganization(app), await addOrganization(app)];
    failure = undefined;
    turns = await openTurns(database.adminUrl, { fs: failingFs((call, file) => failure?.(call, file)) });
    await turns.tick();
    await append('second');
  });

  afterEach(async () => {
    await turns.close();
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  afterAll(removeStateDirectories);

  const append = async (name: string): Promise<void> => {
    for (const org of orgs) await appendRecords(app, [auditRecord(org, name)]);
  };
  const counts = () => Promise.all(orgs.map(async (orgId) => (await listCheckpoints(app, { orgId, afterNumber: 0, limit: 100 })).length));

  test.each<[Call, string]>(
    (['create', 'write', 'sync', 'rename'] as const)
      .flatMap((call): [Call, string][] => [
        [call, 'the first organisation'],
        [call, 'the last organisation'],
        [call, 'the deployment log'],
      ])
      .concat([
        ['syncDirectory', 'the organisations'],
        ['syncDirectory', 'the deployment log'],
      ]),
  )('%s of %s fails: nothing is signed, the state on disk is whole, and the next turn signs', async (call, of) => {
    const seen = new Set<string>();
    failure = (made, file) => {
      if (made !== call) return undefined;
      if (of === 'the deployment log') return file.includes('deployment') || (call === 'syncDirectory' && !file.endsWith('orgs')) ? errorOf('EIO') : undefined;
      if (call === 'syncDirectory') return file.endsWith('orgs') ? errorOf('EIO') : undefined;
      if (!file.includes('orgs')) return undefined;
      seen.add(file);
      return seen.size === (of === 'the first organisation' ? 1 : 2) ? errorOf('EIO') : undefined;
    };
    await expect(turns.tick()).rejects.toMatchObject({ code: 'EIO' });
    expect(await counts()).toEqual([1, 1]);
    const found = await openMemory(turns.directory);
    expect([found.damaged.size, typeof found.deployment]).toEqual([0, 'object']);

    failure = undefined;
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    // And so does a process that starts from what is on disk.
    await turns.close();
    await append('third');
    turns = await openTurns(database.adminUrl, { directory: turns.directory });
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    for (const org of orgs) expect((await checkHistory(app, org)).checkpoints).toHaveLength(3);
    await checkDeploymentHistory(admin);
  });

  test('a full disk: nothing is signed as long as there is no room, and everything when there is', async () => {
    failure = (call) => (call === 'write' ? errorOf('ENOSPC') : undefined);
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(turns.tick()).rejects.toMatchObject({ code: 'ENOSPC' });
      await append(`while full ${turn}`);
    }
    expect(await counts()).toEqual([1, 1]);
    failure = undefined;
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    for (const org of orgs) {
      const { checkpoints, entries } = await checkHistory(app, org);
      expect(checkpoints.at(-1)?.size).toBe(entries);
    }
  });

  test('a refusal that cannot be written down is a refusal all the same, and is written down later', async () => {
    await admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`update ledger_head set head = sha256('x') where org_id = ${orgs[0] ?? ''}`;
    });
    failure = (call) => (call === 'write' ? errorOf('ENOSPC') : undefined);
    await expect(turns.tick()).rejects.toMatchObject({ code: 'ENOSPC' });
    failure = undefined;
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await counts()).toEqual([1, 2]);
    const { orgs: found } = await openMemory(turns.directory);
    expect(found.get(orgs[0] ?? '')?.refusal).toMatchObject({ reason: 'history-inconsistent', recorded: true });
  });

  test('a database that is away between remembering and recording: the same history is signed again, under the same number', async () => {
    await admin`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P01'; end $$`;
    await admin`create trigger refuse before insert on deployment_checkpoint for each row execute function refuse()`;
    await expect(turns.tick()).rejects.toMatchObject({ code: '57P01' });
    await append('third');
    await expect(turns.tick()).rejects.toMatchObject({ code: '57P01' });
    await turns.close();
    await admin`drop trigger refuse on deployment_checkpoint`;
    turns = await openTurns(database.adminUrl, { directory: turns.directory });
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    for (const org of orgs) expect((await checkHistory(app, org)).checkpoints).toHaveLength(2);
    // What was signed and never recorded keeps its place in the deployment log.
    const [leaves] = await admin<{ n: number }[]>`select count(*) as n from deployment_leaf`;
    expect(leaves?.n).toBe(2 + 2 * 3);
    await checkDeploymentHistory(admin);
  });
});
