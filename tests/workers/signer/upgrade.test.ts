import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../../../db/migrate.ts';
import { newestCheckpoint } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { builtProduct } from '../../support/built-product.ts';
import { openTestPool } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkHistory } from '../../support/signed-history.ts';
import { newStateDirectory, removeStateDirectories, SIGNER_HOST } from '../../support/signer-turns.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MIGRATIONS = join(ROOT, 'db/migrations');

afterAll(removeStateDirectories);

test('a database of an older release is migrated, and the process of the role signer signs what has come together, with nothing but its own settings', async () => {
  const name = `mg_test_${randomBytes(6).toString('hex')}`;
  const server = openTestPool({ url: process.env['TEST_ADMIN_DATABASE_URL'] ?? '', maxConnections: 1 });
  await server.unsafe(`create database ${name} template template0`);
  const url = new URL(process.env['TEST_ADMIN_DATABASE_URL'] ?? '');
  url.pathname = `/${name}`;
  const admin = openTestPool({ url: url.href, maxConnections: 2 });
  const app = openTestPool({ url: url.href, role: 'mg_app', maxConnections: 2 });
  const older = mkdtempSync(join(tmpdir(), 'mastguard-migrations-'));
  const directory = newStateDirectory();
  try {
    for (const file of readdirSync(MIGRATIONS)) if (file < '0013') cpSync(join(MIGRATIONS, file), join(older, file));
    await migrate(admin, older);
    const org = await addOrganization(app);
    await appendRecords(
      app,
      Array.from({ length: 600 }, (_, at) => auditRecord(org, `before-${at}`)),
    );
    expect((await migrate(admin, MIGRATIONS))[0]).toBe('0013_checkpoints.sql');

    const child = spawn(process.execPath, [builtProduct('workers/main.js'), '--role', 'signer'], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        SIGNER_DATABASE_URL: url.href,
        SIGNER_DATABASE_ROLE: 'mg_signer',
        SIGNER_STATE_DIRECTORY: directory,
        LOG_HOST: SIGNER_HOST,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = Promise.all([once(child, 'exit') as Promise<[number | null]>, text(child.stdout), text(child.stderr)]);
    while ((await newestCheckpoint(app, org)) === undefined) {
      if (child.exitCode !== null) throw new Error(`the signer ended: ${JSON.stringify(await ended)}`);
      await sleep(50);
    }
    child.kill('SIGTERM');
    const [[code], out] = await ended;
    expect([code, out]).toEqual([0, expect.stringContaining('a signing key was made') as unknown]);
    const { checkpoints, entries } = await checkHistory(app, org);
    expect(checkpoints.at(-1)?.size).toBe(entries);
    expect(readdirSync(directory).toSorted()).toEqual(['deployment.json', 'deployment.pem', 'log.pem', 'orgs', 'signer.json', 'time.pem']);
  } finally {
    rmSync(older, { recursive: true });
    await app.end({ timeout: 1 });
    await admin.end({ timeout: 1 });
    await server.unsafe(`drop database if exists ${name} with (force)`);
    await server.end({ timeout: 5 });
  }
});
