import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BufferedEvent, type BufferStore, memoryBuffer } from './buffer-store.ts';

export interface FileBufferOptions {
  /** Made where it is not there, readable by its owner alone: events hold what agents said. One process at a time. */
  path: string;
  /** Default: 100,000. */
  maxEvents?: number | undefined;
  /** Waits for the disk with every event, so that not even a loss of power loses one. Default: false; the end of the process loses none either way. */
  fsync?: boolean | undefined;
}

/** A line is an event, or how many of the oldest have been delivered. */
type Line = BufferedEvent | { delivered: number };

/**
 * A buffer in a file, for Node, Bun and Deno: what an earlier process could not deliver is delivered by the next one.
 * @throws Error where the file cannot be read or written
 * @example new MastGuardShield({ buffer: fileBuffer({ path: '/var/lib/agent/events.jsonl' }) })
 */
export function fileBuffer({ path, maxEvents = 100_000, fsync = false }: FileBufferOptions): BufferStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'a', 0o600);
  const memory = memoryBuffer({ maxEvents: Infinity });
  // A process that ended while it wrote has left half a line: its event was never acknowledged to anybody.
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  let length = Buffer.byteLength(whole);
  if (whole.length < text.length) truncateSync(path, length);
  for (const [index, line] of whole.split('\n').entries()) {
    if (line === '') continue;
    const read = readLine(line);
    if (read === undefined) throw new Error(`line ${index + 1} of ${path} is no event: move the file away`);
    if ('delivered' in read) memory.drop(read.delivered);
    else memory.append(read);
  }

  let isTorn = false;
  const cut = (): void => {
    truncateSync(path, length);
    isTorn = false;
  };
  const write = (line: Line): void => {
    if (isTorn) cut();
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      appendFileSync(file, bytes);
      if (fsync) fsyncSync(file);
    } catch (fault) {
      // The next line must not be glued to half of this one.
      isTorn = true;
      try {
        cut();
      } catch {
        // Before the next line, then.
      }
      throw fault;
    }
    length += bytes.length;
  };
  return {
    get size() {
      return memory.size;
    },
    append(entry) {
      // First what can fail: a full disk must not leave an event in memory that the caller was told is lost.
      if (memory.size >= maxEvents) throw new Error(`the buffer holds ${maxEvents} events and takes no more`);
      write(entry);
      memory.append(entry);
    },
    peek: memory.peek,
    drop(count) {
      memory.drop(count);
      // An empty file rather than a long history of what has gone.
      if (memory.size > 0) return write({ delivered: count });
      length = 0;
      cut();
    },
    close: () => closeSync(file),
  };
}

/** Undefined where it is none. */
function readLine(text: string): Line | undefined {
  // Earlier versions went on behind half a line after a disk had been full: what they wrote there is whole. Within a text its quotes would be escaped.
  for (const start of [0, ...[...text.matchAll(/\{"(?:event|delivered)":/g)].map(({ index }) => index)]) {
    try {
      return JSON.parse(text.slice(start)) as Line;
    } catch {
      // Half a line, or something within an event.
    }
  }
  return undefined;
}
