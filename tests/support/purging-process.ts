import { openDatabase } from '../../db/client.ts';
import { runPurge } from './purged-ledger.ts';

/** `<database url> <run id>`: one run of the purge in a process of its own, for tests that kill it. Says when it has begun. */
const [databaseUrl = '', runId = ''] = process.argv.slice(2);
const sql = openDatabase({ url: databaseUrl, role: 'mg_purge', maxConnections: 1, connectTimeoutMs: 10_000 });
await sql`select purge_progress(${runId})`;
process.stdout.write('begun\n');
await runPurge(sql, { runId, batchSize: 3 });
await sql.end({ timeout: 1 });
