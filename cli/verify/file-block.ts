import { fstatSync, readSync } from 'node:fs';
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
  const begin = start === 0 ? 0 : afterLf(file.fd, start - 1, end - 1);
  if (begin === undefined) return;
  const stop = afterLf(file.fd, end - 1, Infinity) ?? Infinity;
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

export interface BlockReader {
  /** The bytes of the lines that begin in a block, until the next one is read; undefined where they are more than `most`. */
  read(file: number, block: FileBlock, most: number): Buffer | undefined;
}

/** Reads one block after the other to the same memory: fresh pages for each cost as much as reading it. At once, as threads may. */
export function createBlockReader(): BlockReader {
  let memory = Buffer.alloc(0);
  return {
    read(file, { start, end }, most) {
      const begin = start === 0 ? 0 : afterLf(file, start - 1, end - 1);
      if (begin === undefined) return memory.subarray(0, 0);
      const stop = afterLf(file, end - 1, begin + most) ?? Math.min(begin + most + 1, fstatSync(file).size);
      if (stop - begin > most) return undefined;
      // A bit more than is wanted: the next block may be a line longer.
      if (memory.length < stop - begin) memory = Buffer.allocUnsafeSlow(stop - begin + PEEK_BYTES);
      const bytes = memory.subarray(0, stop - begin);
      for (let read = 0; read < bytes.length;) {
        const count = readSync(file, bytes, read, bytes.length - read, begin + read);
        if (count === 0) return bytes.subarray(0, read);
        read += count;
      }
      return bytes;
    },
  };
}

/** The blocks that make up a file. */
export function blocksOf(bytes: number, blockBytes: number): FileBlock[] {
  return Array.from({ length: Math.ceil(bytes / blockBytes) }, (_, index) => ({ start: index * blockBytes, end: Math.min(bytes, (index + 1) * blockBytes) }));
}

/** Where the first line begins that follows an LF from `from` (included) to `until` (excluded); undefined where there is none. */
function afterLf(file: number, from: number, until: number): number | undefined {
  for (let [at, size] = [from, PEEK_BYTES]; at < until; size = CHUNK_BYTES) {
    const buffer = Buffer.allocUnsafe(Math.min(size, until - at));
    const count = readSync(file, buffer, 0, buffer.length, at);
    if (count === 0) return undefined;
    const found = buffer.subarray(0, count).indexOf(LF);
    if (found >= 0) return at + found + 1;
    at += count;
  }
  return undefined;
}
