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

/** The bytes of the lines that begin in a block; undefined where they are more than `most`. */
export async function readBlock(file: FileHandle, { start, end }: FileBlock, most: number): Promise<Buffer | undefined> {
  const begin = start === 0 ? 0 : await afterLf(file, start - 1, end - 1);
  if (begin === undefined) return Buffer.alloc(0);
  const stop = (await afterLf(file, end - 1, begin + most)) ?? Math.min(begin + most + 1, (await file.stat()).size);
  if (stop - begin > most) return undefined;
  const bytes = Buffer.allocUnsafe(stop - begin);
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, begin + read);
    if (bytesRead === 0) return bytes.subarray(0, read);
    read += bytesRead;
  }
  return bytes;
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
