import { readdir, readFile, stat } from 'node:fs/promises';
import { decodeUtf8 } from '../core/ledger/verify/split-lines.ts';
import { verifyExport } from '../core/ledger/verify/verify-export.ts';
import type { Unreadable } from '../core/ledger/verify/verify-export.ts';
import { verifyProof } from '../core/ledger/verify/verify-proof.ts';
import type { CommandIo } from './export.ts';
import { createProgressBar } from './replay/progress-bar.ts';
import { openDirectory } from './verify/directory-source.ts';
import { formatProof, formatResult } from './verify/format-result.ts';
import { nodePrimitives as primitives } from './verify/node-primitives.ts';
import { readOptions, USAGE, UsageError } from './verify/options.ts';
import type { VerifyCommand } from './verify/options.ts';

/**
 * `mastguard verify`: exit code 0 when nothing was found, 1 when there are findings, 2 when nothing could be verified. Needs Node's own modules and
 * nothing else, so that what it says does not hang on anybody's package.
 */
export async function verifyCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const { stdout, stderr } = io;
  try {
    const command = readOptions(argv);
    const { result, report } = command.mode === 'export' ? await verifyDirectory(command, io) : await verifyFiles(command);
    if ('problem' in result) {
      stderr.write(`${result.problem}\n`);
      return 2;
    }
    stdout.write(`${command.json ? JSON.stringify(result) : report}\n`);
    return result.findings.length === 0 ? 0 : 1;
  } catch (error) {
    const isKnown = error instanceof UsageError || typeof (error as { code?: unknown }).code === 'string';
    stderr.write(isKnown ? `${(error as Error).message}\n` : `${(error as Error).stack ?? String(error)}\n`);
    if (error instanceof UsageError) stderr.write(`\n${USAGE}`);
    return 2;
  }
}

type Command<Mode extends VerifyCommand['mode']> = Extract<VerifyCommand, { mode: Mode }>;

interface Outcome {
  result: Unreadable | { findings: unknown[] };
  report: string;
}

async function verifyDirectory({ directory, receipts, anchors, vkeys }: Command<'export'>, { env, stderr }: CommandIo): Promise<Outcome> {
  await checkKept(receipts, anchors);
  const isLive = stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';
  const progress = createProgressBar({ stream: stderr, live: isLive, unit: 'MB' });
  const source = await openDirectory({
    directory,
    receipts,
    anchors,
    ...(isLive ? { onProgress: (share: number, bytes: number) => progress.update(share, Math.floor(bytes / 1e6)) } : {}),
  });
  try {
    const result = await verifyExport({ source, primitives, vkeys });
    return { result, report: 'problem' in result ? '' : formatResult(result, { isPinned: vkeys.length > 0 }) };
  } finally {
    progress.clear();
    await source.close();
  }
}

/** What was named and cannot be read as such would go unread, and nothing found would be taken for its being right. @throws UsageError */
async function checkKept(receipts: string | undefined, anchors: string | undefined): Promise<void> {
  if (receipts !== undefined && !(await stat(receipts)).isFile()) throw new UsageError(`${receipts}: receipts are read from a regular file`);
  if (anchors === undefined) return;
  if (!(await stat(anchors)).isDirectory()) throw new UsageError(`${anchors}: give the directory that the checkpoints are in`);
  if (!(await readdir(anchors)).some((name) => name.endsWith('.note'))) throw new UsageError(`${anchors}: no checkpoint (.note) is in it`);
}

async function verifyFiles({ proof, entry, body, vkeys }: Command<'proof'>): Promise<Outcome> {
  const [proofText, entryText, bodyText] = await Promise.all([readText(proof), readText(entry), body === undefined ? undefined : readText(body)]);
  // An editor ends a file with an LF; the text has none.
  const result = verifyProof({ proof: proofText, entry: entryText.replace(/\n$/, ''), body: bodyText, vkeys, primitives });
  return { result, report: 'problem' in result ? '' : formatProof(result) };
}

/** Text that is no UTF-8 is nothing of ours, which the verifier will say. */
const readText = async (path: string): Promise<string> => decodeUtf8(await readFile(path)) ?? '';
