import { openDatabase } from './client.ts';
import { verifyLedger } from './verify-ledger.ts';

/** `npm run verify -- <orgId>` with `DATABASE_URL`: prints one JSON line; exit code 1 on findings. */
const [, , orgId = ''] = process.argv;
const role = process.env['DATABASE_ROLE'] ?? 'mg_app';
const sql = openDatabase({ url: process.env['DATABASE_URL'] ?? '', role, maxConnections: 1, connectTimeoutMs: 5_000 });
const progress = (done: number, of: number): void => {
  if (process.stderr.isTTY) process.stderr.write(`\rverified ${done} of ${of} entries (${Math.floor((100 * done) / of)} %)${done === of ? '\n' : ''}`);
};
try {
  const result = await verifyLedger(sql, orgId, progress);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = result.findings.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  await sql.end({ timeout: 5 });
}
