import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChildren } from '../../scripts/lib/child.mjs';
import { nextFreePort } from '../../scripts/lib/ports.mjs';
import { startPostgres } from '../../scripts/lib/postgres-server.mjs';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { acquireTemporalCli } from '../../scripts/lib/temporal-binary.mjs';
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';
import { openDatabase } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';
import { addBenchOrganization } from './organization.ts';
import { processCpuMs } from './process-cpu.ts';

/** Servers of one benchmark run in a directory of its own: PostgreSQL, and two Temporal servers side by side. */
export async function openBenchHouse() {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-bench-'));
  chmodSync(directory, 0o711);
  const children = createChildren({ logDirectory: join(directory, 'logs'), recordFile: join(directory, 'children.json') });
  // The servers have process groups of their own: a benchmark that is broken off must take them with it.
  process.once('exit', () => children.killAll());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const cli = await acquireTemporalCli({ progress: createProgress({ stream: process.stderr }) });
  const postgres = await startPostgres({ children, directory: join(directory, 'postgres'), password: 'bench', port: 15_533 });
  const defaultTemporal = await startTemporal({
    children,
    cli,
    name: 'temporal-default',
    tuned: false,
    databaseFile: join(directory, 'default.db'),
    port: 17_333,
    uiPort: false,
  });
  const tunedTemporal = await startTemporal({ children, cli, name: 'temporal-tuned', databaseFile: join(directory, 'tuned.db'), port: 17_433, uiPort: false });

  return {
    defaultTemporal,
    tunedTemporal,
    /** CPU of the servers the product needs. PostgreSQL's backends are processes of their own and are left out. */
    serverCpuMs: () => processCpuMs(defaultTemporal.child.pid) + processCpuMs(tunedTemporal.child.pid),
    /** A migrated database with one organisation, and the environment of the process that serves it. */
    async prepareProduct(masterKey: string) {
      const sql = openDatabase({ url: postgres.adminUrl, maxConnections: 2 });
      await migrate(sql);
      const apiKey = await addBenchOrganization(sql, Buffer.from(masterKey, 'hex'));
      await sql.end();
      const port = await nextFreePort(18_787);
      const env = {
        DATABASE_URL: postgres.adminUrl,
        DATABASE_ROLE: 'mg_app',
        MASTGUARD_MASTER_KEY: masterKey,
        TEMPORAL_ADDRESS: tunedTemporal.address,
        PORT: String(port),
        RATE_LIMIT_PER_MINUTE: '1000000',
        LOG_LEVEL: 'warn',
      };
      return { env, apiKey, apiUrl: `http://127.0.0.1:${port}` };
    },
    async close() {
      await children.stopAll();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
