import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../db/client.ts';
import type { DatabaseOptions, Sql } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';

export interface TestDatabase {
  /** A superuser's. */
  adminUrl: string;
  /** The same, acting as `mg_app`. */
  appUrl: string;
  appSql: Sql;
  drop(): Promise<void>;
}

const MIGRATIONS = join(import.meta.dirname, '../../db/migrations');
const LOCK_KEY = 7_305_119_204;

/** A pool of the test's own. It is patient: a busy machine may take longer to connect and to answer than a request can wait. */
export function openTestPool(options: DatabaseOptions): Sql {
  return openDatabase({ connectTimeoutMs: 30_000, statementTimeoutMs: 60_000, ...options });
}

/** A migrated database of its own, cloned from a template that the first caller makes. Real PostgreSQL, nothing shared but the server. */
export async function createTestDatabase({ maxConnections = 8 }: { maxConnections?: number } = {}): Promise<TestDatabase> {
  const serverUrl = process.env['TEST_ADMIN_DATABASE_URL'];
  if (serverUrl === undefined) throw new Error('TEST_ADMIN_DATABASE_URL is not set; the test run starts a server and sets it');
  const name = `mg_test_${randomBytes(6).toString('hex')}`;
  const admin = openTestPool({ url: serverUrl, maxConnections: 1, applicationName: 'mastguard-test' });
  try {
    const template = await ensureTemplate(admin, serverUrl);
    // Copying the files takes half the time of writing them through the log, which nobody replays here.
    await admin.unsafe(`create database ${name} template ${template} strategy file_copy`);
  } finally {
    await admin.end({ timeout: 5 });
  }

  const adminUrl = urlOf(serverUrl, name);
  const appSql = openTestPool({ url: adminUrl, role: 'mg_app', maxConnections });
  return {
    adminUrl,
    appUrl: `${adminUrl}${adminUrl.includes('?') ? '&' : '?'}role=mg_app`,
    appSql,
    async drop() {
      await appSql.end({ timeout: 1 });
      const sql = openTestPool({ url: serverUrl, maxConnections: 1 });
      await sql.unsafe(`drop database if exists ${name} with (force)`);
      await sql.end({ timeout: 5 });
    },
  };
}

/** Named after what the migrations say, so that a changed file never meets an old template. */
async function ensureTemplate(admin: Sql, serverUrl: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).toSorted()) hash.update(file).update(readFileSync(join(MIGRATIONS, file)));
  // Partitions are made for the days around the migration, so a template lasts a day.
  const template = `mg_template_${hash.digest('hex').slice(0, 12)}_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
  await admin`select pg_advisory_lock(${LOCK_KEY})`;
  try {
    const [existing] = await admin`select 1 from pg_database where datname = ${template}`;
    if (existing !== undefined) return template;
    // Renamed when it is complete: a run that dies half-way leaves no template behind.
    const draft = `${template}_draft`;
    await admin.unsafe(`drop database if exists ${draft} with (force)`);
    await admin.unsafe(`create database ${draft} template template0`);
    const sql = openTestPool({ url: urlOf(serverUrl, draft), maxConnections: 2 });
    try {
      await migrate(sql, MIGRATIONS);
    } finally {
      await sql.end({ timeout: 5 });
    }
    await admin.unsafe(`alter database ${draft} rename to ${template}`);
    return template;
  } finally {
    await admin`select pg_advisory_unlock(${LOCK_KEY})`;
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}
