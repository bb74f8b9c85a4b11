import { bytesOfHex, hexOf } from '../../encoding/hex.ts';
import type { ReceiptLine } from '../export-format.ts';
import type { Hash } from '../merkle.ts';
import type { Findings } from './findings.ts';
import { createHashList } from './hash-list.ts';

/** Receipts that somebody kept, against the entries: step 7 of docs/spec/ledger-v1.md. They come in any order and before the entries. */
export interface ReceiptLines {
  add(line: ReceiptLine): void;
  /** Entries that are present, in order. */
  entry(seq: number, entryHash: string): void;
  /** `signedSize` is that of the last valid checkpoint. */
  end(findings: Findings, minIndex: number, signedSize: number): void;
}

export function createReceiptLines(): ReceiptLines {
  const seqs: number[] = [];
  const sizes: number[] = [];
  const hashes = createHashList();
  /** Lines by number, made when the first entry comes. */
  let order: Uint32Array | undefined;
  let kept = new Uint8Array(0);
  let cursor = 0;

  return {
    add({ seq, entryHash, checkpointSize }) {
      seqs.push(seq);
      sizes.push(checkpointSize);
      hashes.push(bytesOfHex(entryHash) as Hash);
    },
    entry(seq, entryHash) {
      if (seqs.length === 0) return;
      order ??= Uint32Array.from(seqs.keys()).toSorted((a, b) => (seqs[a] ?? 0) - (seqs[b] ?? 0));
      if (kept.length === 0) kept = new Uint8Array(seqs.length);
      for (let line = order[cursor]; line !== undefined && (seqs[line] ?? 0) <= seq; line = order[cursor]) {
        if (seqs[line] === seq && hexOf(hashes.at(line)) === entryHash) kept[line] = 1;
        cursor += 1;
      }
    },
    end(findings, minIndex, signedSize) {
      for (const [line, seq] of seqs.entries()) {
        if (seq >= minIndex && kept[line] !== 1) findings.add('RECEIPT_NOT_IN_LOG', `receipt:${seq}`);
        if ((sizes[line] ?? 0) > signedSize) findings.add('TRUNCATED', `receipt:${seq}`);
      }
    },
  };
}
