import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChildren } from '../../scripts/lib/child.mjs';
import { startPostgres } from '../../scripts/lib/postgres-server.mjs';
import { openTestPool } from '../support/database.ts';

/** An embedded PostgreSQL for as long as `use` takes, in a directory of its own. It need not survive a crash, so it does not wait for the disk. */
export async function withPostgres<T>(use: (adminUrl: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-tamper-'));
  // The server's account must be able to pass through.
  await chmod(directory, 0o711);
  const children = createChildren({ logDirectory: directory, recordFile: join(directory, 'children.json') });
  const onExit = (): void => children.killAll();
  process.once('exit', onExit);
  const roots = [directory];
  try {
    const { adminUrl, root } = await startPostgres({ children, directory: join(directory, 'postgres'), password: 'tamper', port: 16_633 });
    roots.push(root);
    const sql = openTestPool({ url: adminUrl, maxConnections: 1 });
    await sql`alter system set fsync = off`;
    await sql`select pg_reload_conf()`;
    await sql.end({ timeout: 5 });
    return await use(adminUrl);
  } finally {
    await children.stopAll();
    process.off('exit', onExit);
    for (const each of roots) await rm(each, { recursive: true, force: true });
  }
}
