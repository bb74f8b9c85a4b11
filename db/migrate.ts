import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from './client.ts';

/** Any number that nothing else locks on: one migration runs at a time per database. */
const LOCK_KEY = 7_305_119_203;

export class MigrationError extends Error {
  readonly code = 'migration-failed';
}

interface Migration {
  name: string;
  text: string;
  sha256: string;
}

/**
 * Applies what is missing of `db/migrations/NNNN_name.sql`, in order, each in a transaction of its own, and answers the names applied.
 * A file that has changed since it was applied, or a gap in the numbers, stops everything before anything runs.
 */
export async function migrate(sql: Sql, directory = join(import.meta.dirname, 'migrations')): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const names: string[] = [];
  for (;;) {
    const name = await applyNext(sql, migrations);
    if (name === undefined) return names;
    names.push(name);
  }
}

/**
 * One file, its record and the lock in one transaction: nothing outlives the connection that began it. (A reserved connection would not do:
 * the driver crashes the process when one that has died is used again.)
 */
async function applyNext(sql: Sql, migrations: readonly Migration[]): Promise<string | undefined> {
  let next: Migration | undefined;
  try {
    await sql.begin(async (tx) => {
      // The pool's own limit is for requests; another process's migration, or a large table, may take longer.
      await tx`set local statement_timeout = 0`;
      await tx`select pg_advisory_xact_lock(${LOCK_KEY})`;
      await tx`create table if not exists schema_migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`;
      const applied = new Map((await tx<{ name: string; sha256: string }[]>`select name, sha256 from schema_migration`).map((row) => [row.name, row.sha256]));
      assertUnchanged(migrations, applied);
      next = migrations.find(({ name }) => !applied.has(name));
      if (next === undefined) return;
      await tx.unsafe(next.text);
      await tx`reset role`;
      await tx`insert into schema_migration (name, sha256) values (${next.name}, ${next.sha256})`;
    });
    return next?.name;
  } catch (cause) {
    if (next === undefined) throw cause;
    throw new MigrationError(`migration ${next.name} failed and was rolled back: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name, index) => {
      if (Number(name.slice(0, 4)) !== index + 1)
        throw new MigrationError(`migrations are numbered from 0001 without gaps; ${name} stands at place ${index + 1}`);
      const text = await readFile(join(directory, name), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

function assertUnchanged(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  for (const [name, sha256] of applied) {
    const migration = migrations.find((candidate) => candidate.name === name);
    if (migration === undefined) throw new MigrationError(`${name} was applied to this database but is not in this release; a newer release wrote it`);
    if (migration.sha256 !== sha256) throw new MigrationError(`${name} has changed since it was applied; write a new migration instead`);
  }
}
