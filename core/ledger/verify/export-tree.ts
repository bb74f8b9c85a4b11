import type { Sha256 } from '../../hashing.ts';
import { bytesOfHex } from '../../encoding/hex.ts';
import type { Hash } from '../merkle.ts';
import { createTileBuilder, TILE_WIDTH } from '../tiles.ts';
import type { TileBuilder, TileRoot } from '../tiles.ts';
import type { KnownRoots } from './known-roots.ts';
import type { TileLines } from './tile-lines.ts';

/** The tree that an export's entries make, as far as it can be made: step 1 of docs/spec/ledger-v1.md. */
export interface ExportTree {
  /** How many leaves it knows. */
  readonly reach: number;
  /** The next leaf; nothing once it is broken. */
  append(entryHash: string): void;
  /** No more leaves can be placed. */
  breakOff(): void;
}

/** Begins with the tiles of what was pruned, as they are given. */
export function createExportTree({ minIndex, tiles, roots, sha256 }: { minIndex: number; tiles: TileLines; roots: KnownRoots; sha256: Sha256 }): ExportTree {
  // The roots of level 0 are leaves too, of a tree that is eight levels lower.
  let builder: TileBuilder = createTileBuilder(sha256);
  let width = TILE_WIDTH;
  let isBroken = false;
  const keepRoot = (): void => {
    const size = builder.size * width;
    if (roots.isWanted(size)) roots.keep(size, builder.root());
  };
  const append = (leaf: Hash, levelBelow: number): void => {
    for (const tile of builder.append(leaf)) tiles.computed(above(tile, levelBelow));
    keepRoot();
  };

  keepRoot();
  while (!isBroken && builder.size * width < minIndex) {
    const root = tiles.given(builder.size);
    if (root === undefined) isBroken = true;
    else append(hashOf(root), 1);
  }
  if (!isBroken) {
    builder = createTileBuilder(sha256, { size: minIndex, peaks: builder.peaks });
    width = 1;
  }

  return {
    get reach() {
      return builder.size * width;
    },
    append(entryHash) {
      if (!isBroken) append(hashOf(entryHash), 0);
    },
    breakOff() {
      isBroken = true;
    },
  };
}

const above = ({ level, index, root }: TileRoot, levels: number): TileRoot => ({ level: level + levels, index, root });

const hashOf = (hex: string): Hash => bytesOfHex(hex) as Hash;
