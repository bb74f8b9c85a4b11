import { openCheckpoint } from '../checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { CheckpointLine } from '../export-format.ts';
import type { Hash } from '../merkle.ts';
import { utf8 } from '../note.ts';
import type { LogKeys } from './keys.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { readCheckpoint } from './read-lines.ts';
import type { Line } from './split-lines.ts';

/** A line of `checkpoints.ndjson`, and what its note says where that is valid. */
export interface OpenedLine extends Omit<CheckpointLine, 'note'> {
  opened: Checkpoint | undefined;
  /** SHA-256 of the note, where it was asked for and the note is text. */
  noteHash: Hash | undefined;
}

export interface CheckpointBatch {
  malformed: number;
  lines: OpenedLine[];
}

export interface OpenCheckpoints {
  origin: string;
  keys: LogKeys;
  /** Whose note hash is wanted. */
  noteNumber: number | undefined;
}

/** Reads checkpoints and verifies their signatures, each by itself: the part of the work that threads can share. */
export function openCheckpoints(
  lines: readonly Line[],
  { origin, keys, noteNumber }: OpenCheckpoints,
  { sha256, verify }: Pick<LedgerPrimitives, 'sha256' | 'verify'>,
): CheckpointBatch {
  // Half a surrogate pair has no bytes that a hash could be of.
  const hashOf = (note: string): Hash | undefined => (/\p{Surrogate}/u.test(note) ? undefined : sha256(utf8(note)));
  const read = lines.map(readCheckpoint).filter((line) => line !== undefined);
  return {
    malformed: lines.length - read.length,
    lines: read.map(({ note, ...line }) => {
      const opened = openCheckpoint(note, keys.all, verify, { origin, signedBy: keys.log });
      return { ...line, opened: 'problem' in opened ? undefined : opened, noteHash: line.number === noteNumber ? hashOf(note) : undefined };
    }),
  };
}
