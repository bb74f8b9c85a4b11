import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, truncateSync } from 'node:fs';
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

const bytesOf = (line: Line): Buffer => Buffer.from(`${JSON.stringify(line)}\n`);

/** What is delivered stays in the file until it is this much, and as much as what waits. */
const DELIVERED_BYTES = 1_048_576;

/**
 * A buffer in a file, for Node, Bun and Deno: what an earlier process could not deliver is delivered by the next one.
 * @throws Error where the file cannot be read or written
 * @example new MastGuardShield({ buffer: fileBuffer({ path: '/var/lib/agent/events.jsonl' }) })
 */
export function fileBuffer({ path: given, maxEvents = 100_000, fsync = false }: FileBufferOptions): BufferStore {
  mkdirSync(dirname(given), { recursive: true, mode: 0o700 });
  let file = openSync(given, 'a', 0o600);
  // The process may go to another directory, and a link is not to be replaced by a file.
  const path = realpathSync(given);
  const memory = memoryBuffer({ maxEvents: Infinity });
  // A process that ended while it wrote has left half a line: its event was never acknowledged to anybody.
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  let length = Buffer.byteLength(whole);
  if (whole.length < text.length) truncateSync(path, length);
  /** Bytes of each event that waits. */
  let waiting: number[] = [];
  const forget = (count: number): void => {
    memory.drop(count);
    waiting = waiting.slice(count);
  };
  for (const [index, line] of whole.split('\n').entries()) {
    if (line === '') continue;
    const read = readLine(line);
    if (read === undefined) throw new Error(`line ${index + 1} of ${given} is no event: move the file away`);
    if ('delivered' in read) forget(read.delivered);
    else {
      memory.append(read);
      waiting.push(Buffer.byteLength(line) + 1);
    }
  }

  let isTorn = false;
  const cut = (to = length): void => {
    truncateSync(path, to);
    length = to;
    isTorn = false;
  };
  let leastBytes = DELIVERED_BYTES;
  /** Writes what waits to a new file, which takes the place of the old one. Answers false where that cannot be done now. */
  const rewrite = (): boolean => {
    const neighbour = `${path}.new`;
    try {
      const bytes = Buffer.concat(memory.peek(memory.size).map(bytesOf));
      const fresh = openSync(neighbour, 'w', 0o600);
      try {
        appendFileSync(fresh, bytes);
        if (fsync) fsyncSync(fresh);
      } finally {
        closeSync(fresh);
      }
      const next = openSync(neighbour, 'a');
      try {
        renameSync(neighbour, path);
      } catch (fault) {
        closeSync(next);
        throw fault;
      }
      closeSync(file);
      file = next;
      length = bytes.length;
      isTorn = false;
      leastBytes = DELIVERED_BYTES;
    } catch {
      leastBytes = 2 * length;
      rmSync(neighbour, { force: true });
      return false;
    }
    if (fsync) syncDirectory(dirname(path));
    return true;
  };
  const write = (line: Line): number => {
    if (isTorn) cut();
    const bytes = bytesOf(line);
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
    return bytes.length;
  };
  return {
    get size() {
      return memory.size;
    },
    append(entry) {
      // First what can fail: a full disk must not leave an event in memory that the caller was told is lost.
      if (memory.size >= maxEvents) throw new Error(`the buffer holds ${maxEvents} events and takes no more`);
      waiting.push(write(entry));
      memory.append(entry);
    },
    peek: memory.peek,
    drop(count) {
      forget(count);
      // An empty file rather than a long history of what has gone.
      if (memory.size === 0) return cut(0);
      const delivered = length - waiting.reduce((sum, bytes) => sum + bytes, 0);
      if (delivered < Math.max(leastBytes, length / 2) || !rewrite()) write({ delivered: count });
    },
    close: () => closeSync(file),
  };
}

/** So that the new name outlives a loss of power, where a system can do that. */
function syncDirectory(directory: string): void {
  try {
    const handle = openSync(directory, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows opens no directories.
  }
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
