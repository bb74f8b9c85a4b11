import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Sql } from '../../../db/client.ts';
import { listCheckpoints, listLogKeys } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { asTenant } from '../../../db/tenant.ts';
import { builtProduct } from '../../support/built-product.ts';
import { copyDatabase } from '../../support/copy-database.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkDeploymentHistory, checkHistory } from '../../support/signed-history.ts';
import { openTurns, removeStateDirectories, SIGNER_HOST, type SignerTurns, untilSignerLockIsFree } from '../../support/signer-turns.ts';

const CLI = builtProduct('workers/signer-cli.js');

describe('npm run signer', () => {
  let database: TestDatabase;
  let app: Sql;
  let admin: Sql;
  let orgs: string[];
  let turns: SignerTurns;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    orgs = [await addOrganization(app), await addOrganization(app)];
    turns = await openTurns(database.adminUrl);
    await append('first', 600);
    await turns.tick();
    await append('second');
    await turns.tick();
    await turns.close();
  });

  afterEach(async () => {
    await turns.close().catch(() => undefined);
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  afterAll(removeStateDirectories);

  const append = async (name: string, count = 2): Promise<void> => {
    for (const org of orgs) {
      await appendRecords(
        app,
        Array.from({ length: count }, (_, at) => auditRecord(org, `${name}-${at}`)),
      );
    }
  };
  const numbers = (): Promise<number[]> => Promise.all(orgs.map(async (orgId) => (await listCheckpoints(app, { orgId, afterNumber: 0, limit: 100 })).length));
  const again = async (adminUrl = database.adminUrl): Promise<SignerTurns> => (turns = await openTurns(adminUrl, { directory: turns.directory }));
  const lose = (...files: string[]): void => {
    for (const file of files) rmSync(join(turns.directory, file), { recursive: true });
  };
  const tamper = (statement: string): Promise<unknown> =>
    admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx.unsafe(statement.replaceAll('$org', `'${orgs[0]}'`));
    });
  const resumed = (org: string, sql = app) =>
    asTenant(sql, org, async (tx) => {
      const rows = await tx<{ body: string }[]>`select body from audit_records where org_id = ${org} and type = 'signer.resumed' order by seq`;
      return rows.map(({ body }) => (JSON.parse(body) as { details: Record<string, unknown> }).details);
    });

  async function command(args: string[], adminUrl = database.adminUrl): Promise<{ code: number; lines: Record<string, unknown>[]; problems: string }> {
    const env = {
      PATH: process.env['PATH'],
      SIGNER_DATABASE_URL: adminUrl,
      SIGNER_DATABASE_ROLE: 'mg_signer',
      SIGNER_STATE_DIRECTORY: turns.directory,
      LOG_HOST: SIGNER_HOST,
    };
    const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number]>]);
    await untilSignerLockIsFree(adminUrl);
    const lines = out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { code, lines, problems };
  }

  test('rebuild: a state that was lost is made anew from a history that is the signed one, on record, and signing goes on', async () => {
    lose('orgs', 'deployment.json');
    await again();
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 3 });
    await turns.close();
    expect(await command(['status'])).toMatchObject({ code: 1 });
    const { code, lines } = await command(['rebuild']);
    expect(lines).toEqual([{ log: 'deployment', entries: 4, problem: null }, ...orgs.toSorted().map((log) => ({ log, entries: 607, problem: null }))]);
    expect(code).toBe(0);
    expect(await command(['status'])).toMatchObject({ code: 0, lines: [{ host: SIGNER_HOST, organisations: 2, refused: [], damaged: [] }] });

    await again();
    await append('third');
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    for (const org of orgs) {
      expect((await checkHistory(app, org)).checkpoints).toHaveLength(3);
      expect(await resumed(org)).toMatchObject([{ number: 2, rebuilt: { size: 606, forgotten: null } }]);
    }
    await checkDeploymentHistory(admin);
  });

  test('status: a file of the deployment log that cannot be read stops everything, and is told by the exit code', async () => {
    writeFileSync(join(turns.directory, 'deployment.json'), '');
    await again();
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 1 });
    await turns.close();
    expect(await command(['status'])).toMatchObject({ code: 1, lines: [{ deployment: 'it is no JSON' }] });
    expect(await command(['rebuild'])).toMatchObject({ code: 0, lines: [{ log: 'deployment', problem: null }] });
    expect(await command(['status'])).toMatchObject({ code: 0 });
  });

  test.each<[string, string, string]>([
    ['a changed entry', "update ledger_entry set entry_hash = sha256('x') where org_id = $org and seq = 100", 'entry 100 is not what it was hashed from'],
    ['an entry that is gone', 'delete from ledger_entry where org_id = $org and seq = 100', 'entry 100 is missing'],
    ['a tail that is gone', 'delete from ledger_entry where org_id = $org and seq > 400', 'entry 401 is missing'],
    ['another root', "update ledger_checkpoint set root = sha256('x') where org_id = $org", 'was not signed with a key of this directory'],
  ])('rebuild: %s is not taken into the state, and the other organisation is', async (_, statement, problem) => {
    lose('orgs');
    await tamper(statement);
    const { code, lines } = await command(['rebuild']);
    expect(code).toBe(1);
    expect(lines.find(({ log }) => log === orgs[0])?.['problem']).toContain(problem);
    expect(lines.find(({ log }) => log === orgs[1])?.['problem']).toBeNull();
    await append('third');
    await again();
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await numbers()).toEqual([2, 3]);
  });

  test('rebuild: a refusal whose cause has been put right ends, and what was signed still holds', async () => {
    await tamper('update ledger_head set checkpoint_size = 3 where org_id = $org');
    await again();
    expect(await turns.tick()).toMatchObject({ refusals: 1 });
    await turns.close();
    await tamper('update ledger_head set checkpoint_size = (select max(size) from ledger_checkpoint where org_id = $org) where org_id = $org');
    expect(await command(['rebuild'])).toMatchObject({
      code: 0,
      lines: [
        { log: 'deployment', problem: null },
        { log: orgs[0], problem: null },
      ],
    });
    await again();
    expect(await turns.tick()).toMatchObject({ refusals: 0 });
    await checkHistory(app, orgs[0] ?? '');
  });

  test('rebuild: an older copy of the database is taken with --forget alone, and its ledgers say what was forgotten', async () => {
    const older = await copyDatabase(database.adminUrl);
    try {
      await append('third');
      await again();
      await turns.tick();
      await append('fourth');
      await turns.tick();
      await turns.close();
      await again(older.adminUrl);
      expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 3 });
      await turns.close();

      const refused = await command(['rebuild'], older.adminUrl);
      expect(refused.code).toBe(1);
      expect(refused.lines.map(({ problem }) => problem)).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('was signed') as unknown));
      expect(await command(['rebuild', '--forget'], older.adminUrl)).toMatchObject({ code: 0 });
      await again(older.adminUrl);
      expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
      const copy = openTestPool({ url: older.adminUrl, role: 'mg_app', maxConnections: 2 });
      for (const org of orgs) {
        await checkHistory(copy, org);
        expect(await resumed(org, copy)).toMatchObject([{ number: 2, rebuilt: { size: 606, forgotten: { number: 4 } } }]);
      }
      await copy.end();
    } finally {
      await older.drop();
    }
  });

  test('rebuild --new-keys: keys that are lost are retired, and new ones sign the same history on', async () => {
    lose('orgs', 'deployment.json', 'signer.json', 'log.pem', 'time.pem', 'deployment.pem');
    await expect(again()).rejects.toMatchObject({ code: 'keys-lost' });
    expect(await command(['rebuild'])).toMatchObject({ code: 2, problems: expect.stringContaining('put log.pem back') as string });
    expect(await command(['rebuild', '--new-keys'])).toMatchObject({ code: 0 });
    await again();
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    expect((await listLogKeys(app)).map(({ retiredAt }) => retiredAt === null).filter(Boolean)).toHaveLength(3);
    for (const org of orgs) {
      expect((await checkHistory(app, org)).checkpoints).toHaveLength(3);
      const retired = await asTenant(app, org, (tx) => tx`select 1 from audit_records where org_id = ${org} and type = 'signing-key.retired'`);
      expect(retired).toHaveLength(3);
    }
  });

  test('rebuild: a pruned ledger is verified from its tiles on', async () => {
    await tamper('delete from ledger_entry where org_id = $org and seq < 512');
    lose('orgs');
    const { code, lines } = await command(['rebuild']);
    expect(lines).toContainEqual({ log: orgs[0], entries: 606 - 512, problem: null });
    expect(code).toBe(0);
    await again();
    await append('third');
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 0 });
    await checkHistory(app, orgs[1] ?? '');
  });

  test('rotate: lays a key that the next turns take up', async () => {
    expect(await command(['rotate'])).toMatchObject({ code: 0 });
    expect(await command(['rotate', 'log'])).toMatchObject({ code: 1 });
    await again();
    await turns.tick();
    await turns.tick();
    expect((await listLogKeys(app)).filter(({ use }) => use === 'log').map(({ retiredAt }) => retiredAt === null)).toEqual([false, true]);
    for (const org of orgs) await checkHistory(app, org);
  });

  test('says what it takes when it does not understand', async () => {
    for (const args of [[], ['restore'], ['rotate', 'everything'], ['rebuild', '--force']]) {
      const { code, problems } = await command(args);
      expect(code).toBe(2);
      expect(problems).not.toBe('');
    }
  });
});
