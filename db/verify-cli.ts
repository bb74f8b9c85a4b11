import { openDatabase } from './client.ts';
import { verifyLedger } from './verify-ledger.ts';
import { verifyTarget } from './verify-target.ts';

/** `npm run verify [-- ORG_ID]`: prints one JSON line; exit code 1 on findings, 2 when it could not run. */
async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { orgId, databaseUrl, role } = verifyTarget(argv, env);
  const sql = openDatabase({ url: databaseUrl, role, maxConnections: 1, connectTimeoutMs: 5_000 });
  try {
    const result = await verifyLedger(sql, orgId, showProgress);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.findings.length === 0 ? 0 : 1;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function showProgress(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\rverified ${done} of ${of} entries (${Math.floor((100 * done) / of)} %)${done === of ? '\n' : ''}`);
}

process.exitCode = await main(process.argv.slice(2), process.env).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
