import type { Sha256Hex } from '../../hashing.ts';
import { isLinked } from '../chain.ts';
import type { SpineEntry } from '../chain.ts';
import { bodyHashOf, claimOf, readClaim } from './claim.ts';
import { readEntry } from './read-lines.ts';
import type { Line } from './split-lines.ts';

/** What lines of `entries.ndjson` say, in columns: cheap to hand from one thread to another. */
export interface EntryBatch {
  malformed: number;
  seqs: ArrayLike<number>;
  /** Epoch milliseconds. */
  times: ArrayLike<number>;
  /** `claimOf` each. */
  claims: readonly string[];
  hashes: readonly string[];
  /** 1 where the hash is that of the entry after the one before it in the batch; of the first one nothing is known. */
  linked: ArrayLike<number>;
}

/** A batch that is being made. */
export interface OpenEntryBatch extends EntryBatch {
  seqs: number[];
  times: number[];
  claims: string[];
  hashes: string[];
  linked: number[];
}

export const emptyEntryBatch = (): OpenEntryBatch => ({ malformed: 0, seqs: [], times: [], claims: [], hashes: [], linked: [] });

/** Reads and hashes entries, each with the one before it: the part of a verifier's work that threads can share. */
export function readEntries(lines: readonly Line[], org: string, sha256Hex: Sha256Hex): EntryBatch {
  const batch = emptyEntryBatch();
  for (const line of lines) addEntry(batch, line, org, sha256Hex);
  return batch;
}

/** Reads one line and adds what it says. */
export function addEntry(batch: OpenEntryBatch, line: Line, org: string, sha256Hex: Sha256Hex): void {
  const entry = readEntry(line);
  if (entry === undefined) {
    batch.malformed += 1;
    return;
  }
  const { seq, kind, id, at, retain, body, hash } = entry;
  const prev = batch.hashes.at(-1);
  const spine = { org, seq, kind, id, atMs: at, retainDays: retain, bodyHash: body, entryHash: hash };
  batch.linked.push(prev !== undefined && isLinked(spine, prev, sha256Hex) ? 1 : 0);
  batch.seqs.push(seq);
  batch.times.push(at);
  batch.claims.push(claimOf(kind, id, at, retain, body));
  batch.hashes.push(hash);
}

/** One entry of a batch. */
export function entryAt({ seqs, claims, hashes }: EntryBatch, index: number, org: string): SpineEntry {
  const claim = claims[index] ?? '';
  const { kind, id, at, retain } = readClaim(claim);
  return { org, seq: seqs[index] ?? 0, kind, id, atMs: at, retainDays: retain, bodyHash: bodyHashOf(claim), entryHash: hashes[index] ?? '' };
}
