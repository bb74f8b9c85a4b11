import { realpathSync } from 'node:fs';
import { createEventClient } from './replay/event-client.ts';
import { formatSummary } from './replay/format-summary.ts';
import type { ReplayCommand } from './replay/options.ts';
import { readOptions, USAGE, UsageError } from './replay/options.ts';
import { createProgressBar } from './replay/progress-bar.ts';
import { openRecording } from './replay/read-recording.ts';
import { replay } from './replay/replay.ts';
import { NotRunning, readRuntime } from './replay/runtime.ts';
import type { Runtime } from './replay/runtime.ts';

/** `node dist/cli/replay.js FILE`: exit code 0 when every line was read and every event decided, 1 when not, 2 for a wrong command line. */
async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const command = readOptions(argv);
  const { file, format, concurrency, limit, prefix, json } = command;
  const { apiUrl, apiKey } = target(command, env);
  const recording = await openRecording(file);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());

  const progress = createProgressBar({ stream: process.stderr, live: process.stderr.isTTY && !env['CI'] && env['TERM'] !== 'dumb' });
  const summary = await replay({
    lines: recording.lines,
    post: createEventClient({ apiUrl, apiKey, signal: stop.signal }),
    format,
    concurrency,
    limit,
    prefix,
    signal: stop.signal,
    // What is left of the file is taken to be like what was read of it.
    onEvent: (sent, read) => progress.update(sent / Math.min(limit, read / recording.progress()), sent),
    onUnreadable: (line, detail) => progress.line(`${file}:${line}: ${detail}`),
  });
  progress.clear();
  process.stdout.write(`${json ? JSON.stringify(summary) : formatSummary(summary)}\n`);
  return summary.unreadableLines === 0 && summary.failedEvents === 0 && summary.stopped === null ? 0 : 1;
}

function target({ url, key }: ReplayCommand, env: NodeJS.ProcessEnv): Runtime {
  if (url !== undefined && key !== undefined) return { apiUrl: url, apiKey: key };
  const { apiUrl, apiKey } = readRuntime(env);
  return { apiUrl: url ?? apiUrl, apiKey: key ?? apiKey };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  process.exitCode = await main(process.argv.slice(2), process.env).catch((error: unknown) => {
    const isUsage = error instanceof UsageError;
    const isKnown = isUsage || error instanceof NotRunning || typeof (error as { code?: unknown }).code === 'string';
    process.stderr.write(isUsage ? `${error.message}\n\n${USAGE}` : `${isKnown ? (error as Error).message : String((error as Error).stack ?? error)}\n`);
    return isUsage ? 2 : 1;
  });
}
