import { createProgressBar } from './replay/progress-bar.ts';
import { NotRunning, readRuntime } from './replay/runtime.ts';
import { AuditRefused, createAuditClient } from './export/audit-client.ts';
import { NotADirectoryForThis, openExportDirectory } from './export/export-directory.ts';
import { exportLedger } from './export/export-ledger.ts';
import { readOptions, USAGE, UsageError } from './export/options.ts';

export interface CommandIo {
  env: NodeJS.ProcessEnv;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown; isTTY?: boolean | undefined; columns?: number | undefined };
  signal?: AbortSignal;
}

/** `mastguard export DIR`: exit code 0 when the export is whole, 1 when not, 2 for a wrong command line. */
export async function exportCommand(argv: readonly string[], { env, stdout, stderr, signal }: CommandIo): Promise<number> {
  const isLive = stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';
  const progress = createProgressBar({ stream: stderr, live: isLive, unit: 'lines' });
  try {
    const { directory: path, url, key } = readOptions(argv, env);
    const target =
      url !== undefined && key !== undefined ? { apiUrl: url, apiKey: key } : { ...readRuntime(env), ...(url && { apiUrl: url }), ...(key && { apiKey: key }) };
    const directory = await openExportDirectory(path);
    const client = createAuditClient({ ...target, ...(signal && { signal }) });
    const { size, org } = await exportLedger({
      client,
      directory,
      onProgress: ({ share, lines }) => progress.update(share, lines),
      onTrouble: (detail) => progress.line(`${detail}; trying again`),
    });
    progress.clear();
    stdout.write(`${JSON.stringify({ directory: path, org, entries: size })}\n`);
    return 0;
  } catch (error) {
    progress.clear();
    if (error instanceof UsageError) stderr.write(`${error.message}\n\n${USAGE}`);
    else stderr.write(`${describe(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function describe(error: unknown): string {
  const isKnown = error instanceof AuditRefused || error instanceof NotRunning || error instanceof NotADirectoryForThis;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  if (isKnown || !(error instanceof Error)) return error instanceof Error ? error.message : String(error);
  return cause === undefined ? error.message : `${error.message}: ${cause.code ?? cause.message ?? ''}`;
}
