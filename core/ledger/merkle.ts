import type { Sha256 } from '../hashing.ts';

/** 32 bytes: a leaf of the tree, or a node. */
export type Hash = Uint8Array;

/** The right edge of a growing tree: all that is needed to add leaves and to say the root. */
export interface CompactRange {
  readonly size: number;
  /** Roots of the perfect subtrees that the leaves make up, the largest first. A copy. */
  readonly peaks: Hash[];
  append(leaf: Hash): void;
  /** Root of the tree of all leaves so far. */
  root(): Hash;
}

export interface RangeStart {
  size: number;
  /** As {@link CompactRange.peaks} gave them. */
  peaks: readonly Hash[];
}

/** An inner node of RFC 6962: SHA-256(0x01 ‖ left ‖ right). */
export function hashNode(left: Hash, right: Hash, sha256: Sha256): Hash {
  nodeText.set(left, 1);
  nodeText.set(right, 33);
  return sha256(nodeText);
}

/** Hashed before it is written again: millions of nodes need no array each. */
const nodeText = new Uint8Array(65);
nodeText[0] = 1;

/** Root of the tree without leaves. */
export const emptyRoot = (sha256: Sha256): Hash => sha256(new Uint8Array(0));

/**
 * The tree of RFC 6962 over leaves given in order, empty or from `start` on. `onNode` sees every perfect subtree that is completed: its height
 * and its root.
 *
 * @throws RangeError when `start` has another number of peaks than a tree of its size
 */
export function createCompactRange(sha256: Sha256, start: RangeStart = { size: 0, peaks: [] }, onNode?: (height: number, root: Hash) => void): CompactRange {
  if (start.peaks.length !== peakCount(start.size))
    throw new RangeError(`a tree of ${start.size} leaves has ${peakCount(start.size)} peaks, not ${start.peaks.length}`);
  const peaks = [...start.peaks];
  let { size } = start;

  return {
    get size() {
      return size;
    },
    get peaks() {
      return [...peaks];
    },
    append(leaf) {
      let node = leaf;
      let height = 0;
      // A peak of a height is there exactly where the size has that bit; sizes pass 2^31, so no bit operations.
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        node = hashNode(peaks.pop() as Hash, node, sha256);
        height += 1;
        onNode?.(height, node);
      }
      peaks.push(node);
      size += 1;
    },
    root: () => rootOfPeaks(peaks, sha256),
  };
}

/** Root of the tree with these peaks, the largest first. */
export function rootOfPeaks(peaks: readonly Hash[], sha256: Sha256): Hash {
  const last = peaks.at(-1);
  if (last === undefined) return emptyRoot(sha256);
  let root = last;
  for (let at = peaks.length - 2; at >= 0; at -= 1) root = hashNode(peaks[at] as Hash, root, sha256);
  return root;
}

export function equalHashes(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function peakCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
