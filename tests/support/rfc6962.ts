import { hash } from 'node:crypto';

/** RFC 6962, section 2.1, as the RFC writes it: recursively, over lists. Slow and plain, for tests to compare with. Hashes are 32 bytes. */
const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export const leafOf = (data: Uint8Array): Buffer => sha256(LEAF, data);

/** MTH: the root of the tree of these leaf hashes. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  const split = splitOf(leaves.length);
  return sha256(NODE, treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** PATH: from the leaf's sibling up. */
export function inclusionPath(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...inclusionPath(index, leaves.slice(0, split)), treeRoot(leaves.slice(split))]
    : [...inclusionPath(index - split, leaves.slice(split)), treeRoot(leaves.slice(0, split))];
}

/** PROOF: that the first `size` of these leaves were there before. */
export function consistencyPath(size: number, leaves: readonly Buffer[]): Buffer[] {
  return subproof(size, leaves, true);
}

function subproof(size: number, leaves: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (size === leaves.length) return isWhole ? [] : [treeRoot(leaves)];
  const split = splitOf(leaves.length);
  return size <= split
    ? [...subproof(size, leaves.slice(0, split), isWhole), treeRoot(leaves.slice(split))]
    : [...subproof(size - split, leaves.slice(split), false), treeRoot(leaves.slice(0, split))];
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
