import type { Anchor } from './anchors.ts';
import type { CheckpointBatch, OpenCheckpoints } from './open-checkpoints.ts';
import type { BodyBatch } from './read-bodies.ts';
import type { EntryBatch } from './read-entries.ts';
import type { Line } from './split-lines.ts';

export type LinesFile = 'entries.ndjson' | 'bodies.ndjson' | 'checkpoints.ndjson' | 'tiles.ndjson' | 'receipts.ndjson';
export type TextFile = 'export.json' | 'keys.json' | 'deployment.json';

/** Where an export comes from: a directory, or files in a browser. Everything may be asked for a second time. */
export interface ExportSource {
  /** Undefined where there is no such file, or it is no UTF-8. */
  text(file: TextFile): Promise<string | undefined>;
  /** Lines in batches; undefined where there is no such file. */
  lines(file: LinesFile): Promise<AsyncIterable<Line[]> | undefined>;
  /** `entries.ndjson` of this organisation, read and hashed elsewhere, such as by threads. Without this it is read from its lines. */
  entries?(org: string): Promise<AsyncIterable<EntryBatch> | undefined>;
  /** `bodies.ndjson`, likewise. */
  bodies?(): Promise<AsyncIterable<BodyBatch> | undefined>;
  /** `checkpoints.ndjson` likewise. */
  checkpoints?(how: OpenCheckpoints): Promise<AsyncIterable<CheckpointBatch> | undefined>;
  /** Some of the last lines of `bodies.ndjson`: the newest purge entry is mostly there, which saves a second reading. */
  lastBodies(): Promise<Line[]>;
  /** Checkpoints that were kept elsewhere. */
  anchors(): Promise<Anchor[]>;
}
