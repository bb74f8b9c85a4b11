import { entryText, genesisOf, leafHash, type SpineEntry } from '../../core/ledger/chain.ts';
import { createTileBuilder, type TileBuilder } from '../../core/ledger/tiles.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import { sha256, sha256Hex } from '../../db/ledger-primitives.ts';
import type { OrgPosition, RefusalReason, TileRoot } from './remembered.ts';

/** A ledger that has been read up to an entry, each of its entries recomputed. */
export interface Reading {
  org: string;
  tree: TileBuilder;
  /** Hash of the last entry. */
  head: string;
  lastAtMs: number;
  /** Tiles that became full since the reading began. */
  tiles: TileRoot[];
}

export interface Contradiction {
  reason: RefusalReason;
  detail: string;
}

/** Begins where the signer left off; at the beginning of the ledger where it has never been. */
export function beginReading(org: string, position: OrgPosition | null): Reading {
  if (position === null) return { org, tree: createTileBuilder(sha256), head: genesisOf(org, sha256Hex), lastAtMs: 0, tiles: [] };
  const { size, peaks, head, lastAtMs } = position;
  return { org, tree: createTileBuilder(sha256, { size, peaks: peaks.map((hash) => Buffer.from(hash, 'hex')) }), head, lastAtMs, tiles: [] };
}

/** Reads one entry on. The reading must not be used any more after a contradiction. */
export function readEntry(reading: Reading, entry: SpineEntry): Contradiction | undefined {
  const { tree, org } = reading;
  if (entry.seq !== tree.size) return inconsistent(`entry ${tree.size} is missing`);
  if (entry.atMs < reading.lastAtMs) return inconsistent(`entry ${entry.seq} is older than the one before`);
  if (leafHash(entryText({ ...entry, org }, reading.head), sha256Hex) !== entry.entryHash) {
    return inconsistent(`entry ${entry.seq} is not what it was hashed from, or does not follow the entry before`);
  }
  takeLeaf(reading, entry);
  return undefined;
}

/** Takes an entry's hash as it stands. */
export function takeLeaf(reading: Reading, { entryHash, atMs }: Pick<SpineEntry, 'entryHash' | 'atMs'>): void {
  for (const { level, index, root } of reading.tree.append(Buffer.from(entryHash, 'hex'))) reading.tiles.push({ level, index, root: hexOf(root) });
  reading.head = entryHash;
  reading.lastAtMs = atMs;
}

/** What a page must hold, and did not. */
export const missingEntry = ({ tree }: Reading): Contradiction => inconsistent(`entry ${tree.size} is missing`);

/** The head's row must name the last entry. */
export function checkHead({ tree, head }: Reading, stored: { nextSeq: number; head: string }): Contradiction | undefined {
  return tree.size === stored.nextSeq && head !== stored.head ? inconsistent(`the head is not the hash of entry ${stored.nextSeq - 1}`) : undefined;
}

const inconsistent = (detail: string): Contradiction => ({ reason: 'history-inconsistent', detail });
