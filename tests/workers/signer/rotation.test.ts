import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint } from '../../../core/ledger/checkpoint.ts';
import { deploymentOrigin, keysOfOrg, orgOrigin } from '../../../core/ledger/log-names.ts';
import { parseVkey, type Vkey } from '../../../core/ledger/note.ts';
import type { Sql } from '../../../db/client.ts';
import { listLogKeys, type LogKeyRow, newestCheckpoint } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { asTenant } from '../../../db/tenant.ts';
import { type DurableFs, durableFs } from '../../../workers/signer/durable-file.ts';
import { sha256, verifyEd25519 } from '../../../db/ledger-primitives.ts';
import { KEY_USES, layNextKey } from '../../../workers/signer/signing-keys.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkHistory } from '../../support/signed-history.ts';
import { openTurns, removeStateDirectories, SIGNER_HOST, type SignerTurns } from '../../support/signer-turns.ts';

describe('keys', () => {
  let database: TestDatabase;
  let app: Sql;
  let orgs: string[];
  let turns: SignerTurns;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    orgs = [await addOrganization(app), await addOrganization(app), await addOrganization(app)];
    turns = await openTurns(database.adminUrl, { limits: { dueAgeMs: 0, orgsPerTick: 2 } });
    await settle();
  });

  afterEach(async () => {
    await turns.close();
    await database.drop();
  });

  afterAll(removeStateDirectories);

  async function settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) quiet = (await turns.tick()).signed === 0 ? quiet + 1 : 0;
  }

  const keysOf = async (use: string): Promise<LogKeyRow[]> => (await listLogKeys(app)).filter((key) => key.use === use);
  const newestNote = async (org: string): Promise<string> => (await newestCheckpoint(app, org))?.note ?? '';
  const announced = async (org: string, type: string): Promise<string[]> => {
    const rows = await asTenant(app, org, (tx) => tx<{ body: string }[]>`select body from audit_records where org_id = ${org} and type = ${type} order by seq`);
    return rows.map(({ body }) => (JSON.parse(body) as { details: { vkey: string } }).details.vkey);
  };
  const vkeysFor = (org: string, keys: readonly LogKeyRow[]): Vkey[] => keysOfOrg(keys, org, sha256).flatMap(({ vkey }) => parseVkey(vkey, sha256) ?? []);

  test('that are laid by two at once: one of them is, and the signer keeps the one that it took up', async () => {
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    let reached = (): void => undefined;
    const looked = new Promise<void>((resolve) => (reached = resolve));
    const slow: DurableFs = {
      ...durableFs,
      async create(file) {
        reached();
        await gate;
        return durableFs.create(file);
      },
    };
    const second = layNextKey(slow, turns.directory, 'deployment');
    await looked;
    expect(await layNextKey(durableFs, turns.directory, 'deployment')).toBe(true);
    const taken = await readFile(join(turns.directory, 'deployment.next.pem'), 'utf8');
    goOn();
    expect(await second).toBe(false);
    expect(await readFile(join(turns.directory, 'deployment.next.pem'), 'utf8')).toBe(taken);
    await settle();
    expect(await readFile(join(turns.directory, 'deployment.pem'), 'utf8')).toBe(taken);
    expect((await readdir(turns.directory)).filter((name) => name.startsWith('deployment.')).toSorted()).toEqual(['deployment.json', 'deployment.pem']);
  });

  test('are made on the first start, readable by their owner alone, and published without the name of an organisation', async () => {
    for (const use of KEY_USES) {
      const file = join(turns.directory, `${use}.pem`);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    }
    expect((await stat(turns.directory)).mode & 0o777).toBe(0o700);
    const keys = await listLogKeys(app);
    expect(keys.map(({ name, use }) => `${use} ${name}`).toSorted()).toEqual([
      `deployment ${SIGNER_HOST}/mg/deployment`,
      `log ${SIGNER_HOST}/mg/org`,
      `time ${SIGNER_HOST}/mg/time`,
    ]);
    expect(JSON.stringify(keys)).not.toContain(orgs[0]);
  });

  test('of a log are replaced with one checkpoint that carries both signatures, each of which verifies by itself', async () => {
    const [before] = await keysOf('log');
    expect(await layNextKey(durableFs, turns.directory, 'log')).toBe(true);
    expect(await layNextKey(durableFs, turns.directory, 'log')).toBe(false);
    const both = new Map<string, string>();
    for (let turn = 0; turn < 6; turn += 1) {
      await turns.tick();
      for (const org of orgs) {
        const note = await newestNote(org);
        if (note.split(`— ${orgOrigin(SIGNER_HOST, org)} `).length === 3) both.set(org, note);
      }
    }
    const keys = await keysOf('log');
    expect(keys.map(({ retiredAt }) => retiredAt === null)).toEqual([false, true]);
    expect(keys[0]?.vkey).toBe(before?.vkey);
    const time = await keysOf('time');
    expect([...both.keys()].toSorted()).toEqual(orgs.toSorted());
    for (const [org, note] of both) {
      for (const key of keys) expect(openCheckpoint(note, vkeysFor(org, [key, ...time]), verifyEd25519)).toMatchObject({ origin: orgOrigin(SIGNER_HOST, org) });
      // Whoever trusts the old key alone learns of the new one from an entry that the old key has signed.
      const [first, second] = vkeysFor(org, keys);
      const told = await announced(org, 'signing-key.announced');
      expect(told.filter((vkey) => vkey.startsWith(orgOrigin(SIGNER_HOST, org))).map((vkey) => parseVkey(vkey, sha256)?.keyId)).toEqual([
        first?.keyId,
        second?.keyId,
      ]);
      expect((await announced(org, 'signing-key.retired')).map((vkey) => parseVkey(vkey, sha256)?.keyId)).toEqual([first?.keyId]);
    }

    await appendRecords(
      app,
      orgs.map((org) => auditRecord(org, 'after')),
    );
    await settle();
    for (const org of orgs) {
      const note = await newestNote(org);
      expect(openCheckpoint(note, vkeysFor(org, [...keys.slice(0, 1), ...time]), verifyEd25519)).toEqual({ problem: 'no signature of the log' });
      expect(openCheckpoint(note, vkeysFor(org, [...keys.slice(1), ...time]), verifyEd25519)).toHaveProperty('size');
      await checkHistory(app, org);
    }
    expect(existsSync(join(turns.directory, 'log.next.pem'))).toBe(false);
    // The next start knows the key, and the checkpoints of the one before.
    await turns.close();
    turns = await openTurns(database.adminUrl, { directory: turns.directory });
    expect(await turns.tick()).toMatchObject({ refusals: 0 });
  });

  test('of the deployment log are replaced the same way', async () => {
    await layNextKey(durableFs, turns.directory, 'deployment');
    await settle();
    const keys = await keysOf('deployment');
    expect(keys.map(({ retiredAt }) => retiredAt === null)).toEqual([false, true]);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    const notes = await admin<{ note: string }[]>`select note from deployment_checkpoint order by number`;
    await admin.end();
    const signatures = notes.map(({ note }) => note.split(`— ${deploymentOrigin(SIGNER_HOST)} `).length - 1);
    expect(signatures.filter((count) => count === 2).length).toBeGreaterThan(0);
    expect(signatures.at(-1)).toBe(1);
  });

  test('of the time are replaced from one checkpoint to the next', async () => {
    await layNextKey(durableFs, turns.directory, 'time');
    await settle();
    const keys = await keysOf('time');
    expect(keys.map(({ retiredAt }) => retiredAt === null)).toEqual([false, true]);
    const log = await keysOf('log');
    for (const org of orgs) {
      const note = await newestNote(org);
      expect(openCheckpoint(note, vkeysFor(org, [...log, ...keys.slice(0, 1)]), verifyEd25519)).toEqual({ problem: 'no signed time' });
      expect(openCheckpoint(note, vkeysFor(org, [...log, ...keys.slice(1)]), verifyEd25519)).toHaveProperty('atMs');
      await checkHistory(app, org);
    }
  });

  test('a rotation that is cut off at any step goes on with the next start, and ends once', async () => {
    await layNextKey(durableFs, turns.directory, 'log');
    let left = 0;
    // Each start gets a little further: its state directory fails at the first call, then at the second, and so on.
    for (let calls = 0; existsSync(join(turns.directory, 'log.next.pem')); calls += 1) {
      expect(calls).toBeLessThan(200);
      await turns.close();
      left = calls;
      const failing = async <T>(call: () => Promise<T>): Promise<T> => {
        if (left <= 0) throw Object.assign(new Error('an injected failure'), { code: 'EIO' });
        left -= 1;
        return call();
      };
      turns = await openTurns(database.adminUrl, {
        directory: turns.directory,
        fs: {
          create: (file) => failing(() => durableFs.create(file)),
          rename: (from, to) => failing(() => durableFs.rename(from, to)),
          syncDirectory: (directory) => failing(() => durableFs.syncDirectory(directory)),
        },
      });
      await turns.tick().catch(() => undefined);
      await turns.tick().catch(() => undefined);
    }
    await turns.close();
    turns = await openTurns(database.adminUrl, { directory: turns.directory });
    await settle();
    expect((await keysOf('log')).map(({ retiredAt }) => retiredAt === null)).toEqual([false, true]);
    for (const org of orgs) {
      expect(await announced(org, 'signing-key.retired')).toHaveLength(1);
      await checkHistory(app, org);
    }
  });
});
