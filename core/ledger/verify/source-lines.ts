import type { ExportSource } from './export-source.ts';
import type { Findings } from './findings.ts';
import { openCheckpoints } from './open-checkpoints.ts';
import type { CheckpointBatch, OpenCheckpoints } from './open-checkpoints.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { readBodies } from './read-bodies.ts';
import type { BodyBatch } from './read-bodies.ts';
import { readEntries } from './read-entries.ts';
import type { EntryBatch } from './read-entries.ts';
import type { Line } from './split-lines.ts';

/** Reads a file of a few lines to its end. */
export async function eachLine<T>(
  source: ExportSource,
  file: 'tiles.ndjson' | 'receipts.ndjson',
  read: (line: Line) => T | undefined,
  use: (line: T) => void,
  findings: Findings,
): Promise<void> {
  const batches = await source.lines(file);
  if (batches === undefined && file !== 'receipts.ndjson') findings.add('MALFORMED', `file:${file}`);
  for await (const lines of batches ?? nothing<Line[]>()) {
    for (const line of lines) {
      const value = read(line);
      if (value === undefined) findings.add('MALFORMED', `file:${file}`);
      else use(value);
    }
  }
}

/** Checkpoints, opened here where the source does not. */
export async function openedCheckpoints(
  source: ExportSource,
  how: OpenCheckpoints,
  primitives: LedgerPrimitives,
  findings: Findings,
): Promise<AsyncIterable<CheckpointBatch>> {
  const elsewhere = source.checkpoints === undefined ? undefined : await source.checkpoints(how);
  const batches = elsewhere ?? mapped(await source.lines('checkpoints.ndjson'), (lines) => openCheckpoints(lines, how, primitives));
  return counted(batches, 'file:checkpoints.ndjson', findings);
}

/** Entries, read here where the source does not. */
export async function openEntries(source: ExportSource, org: string, { sha256Hex }: LedgerPrimitives, findings: Findings): Promise<AsyncIterable<EntryBatch>> {
  const elsewhere = source.entries === undefined ? undefined : await source.entries(org);
  const batches = elsewhere ?? mapped(await source.lines('entries.ndjson'), (lines) => readEntries(lines, org, sha256Hex));
  return counted(batches, 'file:entries.ndjson', findings);
}

/** Bodies, read here where the source does not. */
export async function openBodies(source: ExportSource, { sha256Hex }: LedgerPrimitives, findings: Findings) {
  const elsewhere = source.bodies === undefined ? undefined : await source.bodies();
  const batches = elsewhere ?? mapped(await source.lines('bodies.ndjson'), (lines) => readBodies(lines, sha256Hex));
  const iterator = counted<BodyBatch>(batches, 'file:bodies.ndjson', findings)[Symbol.asyncIterator]();
  let count = 0;
  return {
    /** How many there were, malformed ones aside. */
    get count() {
      return count;
    },
    async next(): Promise<BodyBatch | undefined> {
      const { value, done } = await iterator.next();
      if (done === true) return undefined;
      count += value.seqs.length;
      return value;
    },
  };
}

function mapped<T>(batches: AsyncIterable<Line[]> | undefined, read: (lines: Line[]) => T): AsyncIterable<T> | undefined {
  return batches === undefined ? undefined : each();
  async function* each(): AsyncGenerator<T> {
    for await (const lines of batches ?? nothing<Line[]>()) yield read(lines);
  }
}

/** Tells of a missing file, and of the lines that are malformed. */
async function* counted<T extends { malformed: number }>(batches: AsyncIterable<T> | undefined, ref: string, findings: Findings): AsyncGenerator<T> {
  if (batches === undefined) findings.add('MALFORMED', ref);
  for await (const batch of batches ?? nothing<T>()) {
    if (batch.malformed > 0) findings.add('MALFORMED', ref, batch.malformed);
    yield batch;
  }
}

async function* nothing<T>(): AsyncGenerator<T> {
  // Of a file that is not there.
}
