import type { Sha256 } from '../hashing.ts';
import { createCompactRange } from './merkle.ts';
import type { Hash, RangeStart } from './merkle.ts';
import { perfectSubtrees } from './subtrees.ts';
import type { Subtree } from './subtrees.ts';

/** Hashes of a full tile. */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

/** A tile of c2sp.org/tlog-tiles: level 0 holds entry hashes, level l the roots of the full tiles of level l − 1. */
export interface TileRef {
  level: number;
  index: number;
}

export interface TileRoot extends TileRef {
  root: Hash;
}

/** The hashes of a tile in order: 256, or those that are there already at the right edge. */
export type HashesOf = (tile: TileRef) => readonly Hash[];

export interface TileBuilder {
  readonly size: number;
  /** As of `createCompactRange`: with the size it is all that a later builder needs to go on. */
  readonly peaks: Hash[];
  root(): Hash;
  /** The tiles that this leaf fills, by level: mostly none. */
  append(leaf: Hash): TileRoot[];
}

/** Tells the root of every tile that becomes full, from leaves in order. To start at a size above 0 see {@link peaksOf}. */
export function createTileBuilder(sha256: Sha256, start: RangeStart = { size: 0, peaks: [] }): TileBuilder {
  let full: TileRoot[] = [];
  const range = createCompactRange(sha256, start, (height, root) => {
    // The range counts the leaf once it is in: until then its size is the leaf's number.
    if (height % TILE_HEIGHT === 0) full.push({ level: height / TILE_HEIGHT - 1, index: Math.floor(range.size / 2 ** height), root });
  });

  return {
    get size() {
      return range.size;
    },
    get peaks() {
      return range.peaks;
    },
    root: () => range.root(),
    append(leaf) {
      range.append(leaf);
      const made = full;
      if (made.length > 0) full = [];
      return made;
    },
  };
}

/** Full tiles of a level in a tree of that size. */
export const fullTiles = (level: number, size: number): number => Math.floor(size / 2 ** (TILE_HEIGHT * (level + 1)));

/** The tiles that {@link peaksOf} asks for. */
export const tilesOfPeaks = (size: number): TileRef[] => distinctTiles(perfectSubtrees(0, size));

/** Peaks of the tree of `size` leaves, from its tiles. */
export const peaksOf = (size: number, hashesOf: HashesOf, sha256: Sha256): Hash[] =>
  perfectSubtrees(0, size).map((subtree) => subtreeRoot(subtree, hashesOf, sha256));

/** Root of a perfect subtree out of the tile that holds it. @throws RangeError when the tile has fewer hashes than that */
export function subtreeRoot({ height, index }: Subtree, hashesOf: HashesOf, sha256: Sha256): Hash {
  const tile = tileOf({ height, index });
  const width = 2 ** (height % TILE_HEIGHT);
  const first = (index * width) % TILE_WIDTH;
  const hashes = hashesOf(tile).slice(first, first + width);
  if (hashes.length !== width) throw new RangeError(`tile ${tile.level}/${tile.index} has no hashes ${first} to ${first + width - 1}`);
  const range = createCompactRange(sha256);
  for (const hash of hashes) range.append(hash);
  return range.root();
}

/** Each tile once. */
export function distinctTiles(subtrees: readonly Subtree[]): TileRef[] {
  const tiles = new Map<string, TileRef>();
  for (const tile of subtrees.map(tileOf)) tiles.set(`${tile.level}/${tile.index}`, tile);
  return [...tiles.values()];
}

function tileOf({ height, index }: Subtree): TileRef {
  const width = 2 ** (height % TILE_HEIGHT);
  return { level: Math.floor(height / TILE_HEIGHT), index: Math.floor((index * width) / TILE_WIDTH) };
}
