/** A perfect subtree: leaves `index · 2^height` to `(index + 1) · 2^height − 1`. */
export interface Subtree {
  height: number;
  index: number;
}

/** Leaves from `start` (included) to `end` (excluded) of one node of an RFC 6962 tree. */
export interface LeafRange {
  start: number;
  end: number;
}

/** The perfect subtrees that a node of the tree is made of, the largest first: one, or several at the right edge. */
export function perfectSubtrees(start: number, end: number): Subtree[] {
  const subtrees: Subtree[] = [];
  let at = start;
  while (at < end) {
    let height = 0;
    while (2 ** (height + 1) <= end - at) height += 1;
    subtrees.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return subtrees;
}

/** The nodes of an inclusion proof, from the leaf's sibling up: PATH of RFC 9162, 2.1.3.1. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.toReversed();
}

/** The nodes of a consistency proof: SUBPROOF of RFC 9162, 2.1.4.1. */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  if (from === 0 || from === to) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + largestPowerBelow(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The old tree as a whole is known to whoever asks.
  if (start > 0) ranges.push({ start, end });
  return ranges.toReversed();
}

/** For a width above 1. */
function largestPowerBelow(width: number): number {
  let power = 1;
  while (2 * power < width) power *= 2;
  return power;
}
