import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 65_536;

/** How lines begin, in each of the streamed files. */
const POSITION = /^\{"(?:seq|number)":(\d+),|^\{"level":(\d+),"index":(\d+),/;

/**
 * Where to go on with a file that was cut: its last line, and what stands at the same place as that one, is fetched again. The file is
 * cut to what is kept. Undefined where nothing is.
 * @throws Error when a line is none of ours
 */
export async function resumePoint(path: string): Promise<string | undefined> {
  const file = await open(path, 'a+', 0o600);
  try {
    // What follows the last line feed was cut.
    let end = await lineStart(file, (await file.stat()).size);
    let position: string | undefined;
    while (end > 0) {
      const start = await lineStart(file, end - 1);
      const found = await positionAt(file, start, path);
      if (position !== undefined && found !== position) break;
      position = found;
      end = start;
    }
    await file.truncate(end);
    return position;
  } finally {
    await file.close();
  }
}

/** Where the lines of entries from that number on begin: they are in order. The length of the file where there are none. */
export async function offsetOfSeq(path: string, seq: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    let low = 0;
    let high = (await file.stat()).size;
    while (low < high) {
      const start = await lineStart(file, Math.floor((low + high) / 2));
      if (Number(await positionAt(file, start, path)) >= seq) high = start;
      else low = await nextLine(file, start);
    }
    return low;
  } finally {
    await file.close();
  }
}

/** Where the line begins that `before` is in: behind the last line feed below it. */
async function lineStart(file: FileHandle, before: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = before; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const feed = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (feed >= 0) return start + feed + 1;
    end = start;
  }
  return 0;
}

/** Where the line behind that one begins. */
async function nextLine(file: FileHandle, start: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = start; ;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
    const feed = chunk.subarray(0, bytesRead).indexOf(0x0a);
    if (feed >= 0) return at + feed + 1;
    if (bytesRead === 0) return at;
    at += bytesRead;
  }
}

async function positionAt(file: FileHandle, start: number, path: string): Promise<string> {
  const chunk = Buffer.alloc(64);
  const { bytesRead } = await file.read(chunk, 0, chunk.length, start);
  const [, number, level, index] = POSITION.exec(chunk.toString('latin1', 0, bytesRead)) ?? [];
  if (number !== undefined) return number;
  if (level === undefined) throw new Error(`${path} holds something else than a part of an export`);
  return `${level}/${index}`;
}
