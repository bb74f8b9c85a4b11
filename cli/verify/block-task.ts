import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { openCheckpoints } from '../../core/ledger/verify/open-checkpoints.ts';
import type { CheckpointBatch, OpenCheckpoints } from '../../core/ledger/verify/open-checkpoints.ts';
import { readBodies } from '../../core/ledger/verify/read-bodies.ts';
import type { BodyBatch } from '../../core/ledger/verify/read-bodies.ts';
import { readEntries } from '../../core/ledger/verify/read-entries.ts';
import type { EntryBatch } from '../../core/ledger/verify/read-entries.ts';
import { scanBodies } from '../../core/ledger/verify/scan-bodies.ts';
import { scanEntries } from '../../core/ledger/verify/scan-entries.ts';
import type { ScannedLines } from '../../core/ledger/verify/scan-lines.ts';
import type { Line } from '../../core/ledger/verify/split-lines.ts';
import { decodeInNode } from './decode.ts';
import { createBlockReader, readLines } from './file-block.ts';
import type { BlockReader, FileBlock } from './file-block.ts';
import { nodePrimitives } from './node-primitives.ts';
import { packBodies, packEntries } from './packed-batch.ts';
import type { Packed } from './packed-batch.ts';

/** Work on one block of a file that needs nothing of the others. */
export type BlockTask = { file: string; block: FileBlock } & (
  | { kind: 'entries'; org: string }
  | { kind: 'bodies' }
  | { kind: 'checkpoints'; how: OpenCheckpoints }
);

/** Larger is a block only where a line is very long. */
const MAX_SCANNED_BYTES = 20 * 1_048_576;
const LF = 0x0a;

export type BlockAnswer = Packed<EntryBatch> | Packed<BodyBatch> | CheckpointBatch;

/** Runs tasks and keeps the files open that they are about. */
export function createTaskRunner() {
  const files = new Map<string, Promise<FileHandle>>();
  const reader = createBlockReader();
  return {
    async run(task: BlockTask): Promise<BlockAnswer> {
      const file = files.get(task.file) ?? open(task.file);
      files.set(task.file, file);
      return runBlockTask(task, await file, reader);
    },
    async close(): Promise<void> {
      for (const file of files.values()) await (await file).close();
    },
  };
}

async function runBlockTask(task: BlockTask, file: FileHandle, reader: BlockReader): Promise<BlockAnswer> {
  if (task.kind === 'checkpoints') return openCheckpoints(await linesOf(file, task.block), task.how, nodePrimitives);
  const { sha256Hex } = nodePrimitives;
  const block = reader.read(file.fd, task.block, MAX_SCANNED_BYTES);
  if (block === undefined) {
    const lines = await linesOf(file, task.block);
    return task.kind === 'entries' ? packEntries(readEntries(lines, task.org, sha256Hex)) : packBodies(readBodies(lines, sha256Hex));
  }
  const lines = scannable(block);
  if (task.kind === 'entries') return packEntries(scanEntries(lines, task.org, sha256Hex));
  return packBodies(scanBodies(lines, isUtf8(block), { sha256Hex, hashBytes: (start, end) => hash('sha256', lines.bytes.subarray(start, end)) }));
}

async function linesOf(file: FileHandle, block: FileBlock): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const batch of readLines(file, block)) for (const line of batch) lines.push(line);
  return lines;
}

/** Elements of a `Buffer` are slower to come at than those of the plain array beneath. */
function scannable(block: Buffer): ScannedLines {
  const ends: number[] = [];
  for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, at + 1)) ends.push(at);
  if (block.length > 0 && block.at(-1) !== LF) ends.push(block.length);
  const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
  return { bytes, ends, ascii: (start, end) => block.toString('latin1', start, end), decode: decodeInNode };
}
