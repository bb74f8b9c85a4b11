import type { Hash } from '../merkle.ts';
import { createHashList } from './hash-list.ts';

/** Roots of one tree at sizes that are chosen beforehand, since the leaves come by once. */
export interface KnownRoots {
  /** Asked with sizes that only grow. */
  isWanted(size: number): boolean;
  keep(size: number, root: Hash): void;
  /** Undefined where the tree has never been of that size, or it was not asked for. */
  at(size: number): Hash | undefined;
}

export function createKnownRoots(sizes: readonly number[]): KnownRoots {
  const wanted = Float64Array.from(new Set(sizes)).toSorted();
  const kept: number[] = [];
  const roots = createHashList();
  let cursor = 0;
  return {
    isWanted(size) {
      while (cursor < wanted.length && (wanted[cursor] ?? 0) < size) cursor += 1;
      return wanted[cursor] === size;
    },
    keep(size, root) {
      kept.push(size);
      roots.push(root);
    },
    at(size) {
      const index = indexIn(kept, size);
      return index === undefined ? undefined : roots.at(index);
    },
  };
}

/** Place of a value in a list that rises. */
function indexIn(rising: readonly number[], value: number): number | undefined {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return rising[low] === value ? low : undefined;
}
