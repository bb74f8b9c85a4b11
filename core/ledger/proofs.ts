import type { Sha256 } from '../hashing.ts';
import { emptyRoot, equalHashes, hashNode, rootOfPeaks } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { consistencyRanges, inclusionRanges, perfectSubtrees } from './subtrees.ts';
import type { LeafRange } from './subtrees.ts';
import { distinctTiles, subtreeRoot } from './tiles.ts';
import type { HashesOf, TileRef } from './tiles.ts';

/** Proofs of RFC 9162, section 2.1, made from tiles and checked without them. */
export interface TileAccess {
  /** Asked for the tiles that `tilesOf…` names, and no others. */
  hashesOf: HashesOf;
  sha256: Sha256;
}

/** The tiles that {@link inclusionProof} needs. @throws RangeError when there is no such leaf */
export function tilesOfInclusion(index: number, size: number): TileRef[] {
  assertLeaf(index, size);
  return tilesOf(inclusionRanges(index, size));
}

/** That leaf `index` is in the tree of `size` leaves: hashes from the leaf's sibling up. @throws RangeError when there is no such leaf, or a tile lacks a hash */
export function inclusionProof({ index, size, ...tiles }: { index: number; size: number } & TileAccess): Hash[] {
  assertLeaf(index, size);
  return inclusionRanges(index, size).map((range) => rootOfRange(range, tiles));
}

/** The tiles that {@link consistencyProof} needs. @throws RangeError when `from` is above `to` */
export function tilesOfConsistency(from: number, to: number): TileRef[] {
  assertSizes(from, to);
  return tilesOf(consistencyRanges(from, to));
}

/** That the tree of `to` leaves begins with the tree of `from` leaves. Empty for 0 and for equal sizes. @throws RangeError as {@link inclusionProof} */
export function consistencyProof({ from, to, ...tiles }: { from: number; to: number } & TileAccess): Hash[] {
  assertSizes(from, to);
  return consistencyRanges(from, to).map((range) => rootOfRange(range, tiles));
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion({
  index,
  size,
  leaf,
  proof,
  root,
  sha256,
}: {
  index: number;
  size: number;
  leaf: Hash;
  proof: readonly Hash[];
  root: Hash;
  sha256: Sha256;
}): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let at = index;
  let last = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = hashNode(sibling, node, sha256);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = hashNode(node, sibling, sha256);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(node, root);
}

/** RFC 9162, 2.1.4.2. The empty tree begins every tree; its root must be that of no leaves. */
export function verifyConsistency({
  from,
  to,
  fromRoot,
  toRoot,
  proof,
  sha256,
}: {
  from: number;
  to: number;
  fromRoot: Hash;
  toRoot: Hash;
  proof: readonly Hash[];
  sha256: Sha256;
}): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === to) return proof.length === 0 && equalHashes(fromRoot, toRoot);
  if (from === 0) return proof.length === 0 && equalHashes(fromRoot, emptyRoot(sha256));
  let at = from - 1;
  let last = to - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  // A perfect old tree is a node of the new one, and is left out of the proof.
  const [first, ...rest] = at === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) return false;
  let oldNode = first;
  let newNode = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldNode = hashNode(sibling, oldNode, sha256);
      newNode = hashNode(sibling, newNode, sha256);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      newNode = hashNode(newNode, sibling, sha256);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(oldNode, fromRoot) && equalHashes(newNode, toRoot);
}

const tilesOf = (ranges: readonly LeafRange[]): TileRef[] => distinctTiles(ranges.flatMap(({ start, end }) => perfectSubtrees(start, end)));

function rootOfRange({ start, end }: LeafRange, { hashesOf, sha256 }: TileAccess): Hash {
  return rootOfPeaks(
    perfectSubtrees(start, end).map((subtree) => subtreeRoot(subtree, hashesOf, sha256)),
    sha256,
  );
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const areHashes = (hashes: readonly Hash[]): boolean => hashes.every(({ length }) => length === 32);

function assertLeaf(index: number, size: number): void {
  if (!isSize(index) || !isSize(size) || index >= size) throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
}

function assertSizes(from: number, to: number): void {
  if (!isSize(from) || !isSize(to) || from > to) throw new RangeError(`no tree of ${from} leaves grows to ${to}`);
}
