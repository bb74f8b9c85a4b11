import { randomBytes } from 'node:crypto';
import { openTestPool } from './database.ts';

/** A database as it is at this moment, under another name: what a backup would bring back. Connections to the original are cut for it. */
export async function copyDatabase(adminUrl: string): Promise<{ adminUrl: string; drop: () => Promise<void> }> {
  const original = new URL(adminUrl).pathname.slice(1);
  const copy = `mg_test_${randomBytes(6).toString('hex')}`;
  const copyUrl = new URL(adminUrl);
  copyUrl.pathname = `/${copy}`;
  await asSuperuser(adminUrl, async (run) => {
    await run(`alter database ${original} with allow_connections false`);
    try {
      await run(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${original}'`);
      await run(`create database ${copy} template ${original} strategy file_copy`);
    } finally {
      await run(`alter database ${original} with allow_connections true`);
    }
  });
  return { adminUrl: copyUrl.href, drop: () => asSuperuser(adminUrl, (run) => run(`drop database if exists ${copy} with (force)`)) };
}

async function asSuperuser(adminUrl: string, work: (run: (statement: string) => Promise<void>) => Promise<void>): Promise<void> {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  const sql = openTestPool({ url: url.href, maxConnections: 1 });
  try {
    await work(async (statement) => {
      await sql.unsafe(statement);
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
