import type { FileHandle } from 'node:fs/promises';
import { createLineSplitter } from '../../core/ledger/verify/split-lines.ts';
import type { Line } from '../../core/ledger/verify/split-lines.ts';
import { decodeInNode } from './decode.ts';

/** A part of a file. Its lines are those that begin in it. */
export interface FileBlock {
  start: number;
  end: number;
}

const CHUNK_BYTES = 1_048_576;
const PEEK_BYTES = 4_096;
const LF = 0x0a;

/** The lines that begin in a block, in batches; a line that goes on beyond it is read to its end. */
export async function* readLines(file: FileHandle, { start, end }: FileBlock, onRead: (upTo: number) => void = () => undefined): AsyncGenerator<Line[]> {
  const begin = start === 0 ? 0 : await afterLf(file, start - 1, end - 1);
  if (begin === undefined) return;
  const stop = (await afterLf(file, end - 1, Infinity)) ?? Infinity;
  const splitter = createLineSplitter(decodeInNode);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = begin; at < stop;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, stop - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
    yield splitter.push(buffer.subarray(0, bytesRead));
    onRead(at);
  }
  yield splitter.end();
}

/** The blocks that make up a file. */
export function blocksOf(bytes: number, blockBytes: number): FileBlock[] {
  return Array.from({ length: Math.ceil(bytes / blockBytes) }, (_, index) => ({ start: index * blockBytes, end: Math.min(bytes, (index + 1) * blockBytes) }));
}

/** Where the first line begins that follows an LF from `from` (included) to `until` (excluded); undefined where there is none. */
async function afterLf(file: FileHandle, from: number, until: number): Promise<number | undefined> {
  for (let [at, size] = [from, PEEK_BYTES]; at < until; size = CHUNK_BYTES) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(size, until - at)), 0, Math.min(size, until - at), at);
    if (bytesRead === 0) return undefined;
    const found = buffer.subarray(0, bytesRead).indexOf(LF);
    if (found >= 0) return at + found + 1;
    at += bytesRead;
  }
  return undefined;
}
