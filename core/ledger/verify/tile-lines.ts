import { hexOf } from '../../encoding/hex.ts';
import type { TileLine } from '../export-format.ts';
import { fullTiles, TILE_WIDTH } from '../tiles.ts';
import type { TileRef, TileRoot } from '../tiles.ts';
import type { Findings } from './findings.ts';

/** The tiles that an export gives, against those that its entries make: step 5 of docs/spec/ledger-v1.md. */
export interface TileLines {
  add(line: TileLine): void;
  /** Root of a level 0 tile, as it is given. */
  given(index: number): string | undefined;
  /** A tile whose hashes were there. */
  computed(tile: TileRoot): void;
  /** `size` is that of the last valid checkpoint. */
  end(findings: Findings, size: number, minIndex: number): void;
}

/** No tree of 2^53 leaves has a full tile above. */
const MAX_LEVEL = 5;

export function createTileLines(): TileLines {
  const levels = Array.from({ length: MAX_LEVEL + 1 }, () => new Map<number, string>());
  const wrong: TileRef[] = [];
  const unfit: TileRef[] = [];

  return {
    add({ level, index, root }) {
      const tiles = levels[level];
      if (tiles === undefined || tiles.has(index)) unfit.push({ level, index });
      else tiles.set(index, root);
    },
    given: (index) => levels[0]?.get(index),
    computed({ level, index, root }: TileRoot) {
      if (levels[level]?.get(index) !== hexOf(root)) wrong.push({ level, index });
    },
    end(findings, size, minIndex) {
      const isFull = ({ level, index }: TileRef): boolean => index < fullTiles(level, size);
      const found = [...wrong.filter(isFull), ...unfit];
      for (const [level, tiles] of levels.entries()) for (const index of tiles.keys()) if (!isFull({ level, index })) found.push({ level, index });
      const below = Math.min(fullTiles(0, size), minIndex / TILE_WIDTH);
      for (let index = 0; index < below; index += 1) if (levels[0]?.has(index) !== true) found.push({ level: 0, index });
      const [first] = found.toSorted((a, b) => a.level - b.level || a.index - b.index);
      if (first !== undefined) findings.add('TILE_MISMATCH', `tile:${first.level}/${first.index}`, found.length);
    },
  };
}
