import { hexOf } from '../../encoding/hex.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { equalHashes } from '../merkle.ts';
import type { Hash } from '../merkle.ts';
import type { Findings } from './findings.ts';
import { createHashList } from './hash-list.ts';
import type { OpenedLine } from './open-checkpoints.ts';

/** A time in which nothing was signed, too long without a reason. Epoch seconds, both ends included. */
export interface Silence {
  /** Of the checkpoint that ends it. */
  number: number;
  sinceSeconds: number;
  untilSeconds: number;
}

/** What was signed, read before the entries it is about: step 4 of docs/spec/ledger-v1.md. */
export interface CheckpointLines {
  readonly lines: number;
  /** `size` of every line, whoever signed it. */
  readonly lineSizes: ReadonlySet<number>;
  readonly lastLineSize: number;
  /** Sizes of the valid ones. */
  readonly sizes: readonly number[];
  /** The last valid one. */
  readonly last: Checkpoint | undefined;
  /** The number that comes after the last line. */
  readonly nextNumber: number;
  readonly silences: readonly Silence[];
  /** SHA-256 of the note of the first line with the number that was asked for. */
  readonly noteHash: Hash | undefined;
  add(line: OpenedLine): void;
  /** Compares with the entries: `rootAt` is undefined where a root cannot be computed. */
  end(entries: { next: number; reach: number; rootAt: (size: number) => Hash | undefined }): void;
}

export const SILENCE_MS = 7_200_000;
const STORED_WITHIN_MS = 60_000;

export function createCheckpointLines(findings: Findings): CheckpointLines {
  const numbers: number[] = [];
  const sizes: number[] = [];
  const roots = createHashList();
  const lineSizes = new Set<number>();
  const silences: Silence[] = [];
  let lines = 0;
  let nextNumber = 1;
  let lastLineSize = 0;
  let last: Checkpoint | undefined;
  let noteHash: Hash | undefined;

  const compare = (number: number, before: Checkpoint, { size, root, atMs }: Checkpoint): void => {
    const ref = `checkpoint:${number}`;
    if (size < before.size || (size === before.size && !equalHashes(root, before.root))) findings.add('INCONSISTENT_CHECKPOINTS', ref);
    if (atMs < before.atMs) findings.add('TIME_REGRESSION', ref);
    if (atMs - before.atMs > SILENCE_MS) silences.push({ number, sinceSeconds: before.atMs / 1_000, untilSeconds: atMs / 1_000 });
  };

  return {
    get lines() {
      return lines;
    },
    lineSizes,
    get lastLineSize() {
      return lastLineSize;
    },
    sizes,
    get last() {
      return last;
    },
    get nextNumber() {
      return nextNumber;
    },
    silences,
    get noteHash() {
      return noteHash;
    },
    add(line) {
      const { number, size, root, at, opened } = line;
      const ref = `checkpoint:${number}`;
      if (number !== nextNumber) findings.add('CHECKPOINT_MISSING', `checkpoint:${nextNumber}`);
      lines += 1;
      nextNumber = number + 1;
      lastLineSize = size;
      lineSizes.add(size);
      noteHash ??= line.noteHash;
      if (opened === undefined) {
        findings.add('BAD_SIGNATURE', ref);
        return;
      }
      if (size !== opened.size || root !== hexOf(opened.root) || Math.abs(at - opened.atMs) > STORED_WITHIN_MS) findings.add('PROJECTION_MISMATCH', ref);
      if (last !== undefined) compare(number, last, opened);
      numbers.push(number);
      sizes.push(opened.size);
      roots.push(opened.root);
      last = opened;
    },
    end({ next, reach, rootAt }) {
      let isRootFound = false;
      for (const [at, size] of sizes.entries()) {
        const ref = `checkpoint:${numbers[at]}`;
        if (size > next) findings.add('TRUNCATED', ref);
        else if (!isRootFound && (size > reach || isOther(rootAt(size), roots.at(at)))) {
          isRootFound = true;
          findings.add('ROOT_MISMATCH', ref);
        }
      }
    },
  };
}

const isOther = (computed: Hash | undefined, signed: Hash): boolean => computed !== undefined && !equalHashes(computed, signed);
