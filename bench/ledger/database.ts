import { randomBytes } from 'node:crypto';
import { openDatabase, type Sql } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';

export interface BenchDatabase {
  owner: Sql;
  /** A pool that acts as that role. */
  open: (role: string, maxConnections?: number) => Sql;
}

/** A migrated database of its own on a superuser's server; its pools are ended and it is dropped afterwards. */
export async function withBenchDatabase<Result>(databaseUrl: string, use: (database: BenchDatabase) => Promise<Result>): Promise<Result> {
  const name = `mg_bench_${randomBytes(6).toString('hex')}`;
  const server = openDatabase({ url: databaseUrl, maxConnections: 1, applicationName: 'mastguard-bench', connectTimeoutMs: 10_000 });
  await server`create database ${server(name)} template template0`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const pools: Sql[] = [];
  const open = (role?: string, maxConnections = 2): Sql => {
    const pool = openDatabase({
      url: url.href,
      ...(role === undefined ? {} : { role }),
      maxConnections,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 120_000,
    });
    pools.push(pool);
    return pool;
  };
  try {
    const owner = open();
    await migrate(owner);
    return await use({ owner, open });
  } finally {
    await Promise.all(pools.map((pool) => pool.end({ timeout: 5 })));
    await server`drop database ${server(name)} with (force)`;
    await server.end({ timeout: 5 });
  }
}
