import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface Recording {
  lines: AsyncIterable<string>;
  /** Share of the file that was read, 0 to 1. */
  progress: () => number;
}

/** Opens a recording for streaming, plain or gzip: its first bytes tell, not its name. */
export async function openRecording(file: string): Promise<Recording> {
  const { size } = await stat(file);
  const source = createReadStream(file);
  const text: Readable = (await isGzip(file)) ? pipeline(source, createGunzip(), () => undefined) : source;
  return { lines: linesOf(text), progress: () => (size === 0 ? 1 : Math.min(1, source.bytesRead / size)) };
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

/** Not `readline`: it swallows the errors of its input, and a cut gzip file must not pass for a short one. */
async function* linesOf(stream: Readable): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const next of rest) {
      yield parts.join('');
      parts = [next];
    }
  }
  const last = parts.join('') + decoder.decode();
  if (last !== '') yield last;
}
