import type { Json } from '../../schemas/json.ts';
import { remembering } from '../remembering.ts';
import { escaped, shownKey } from './shown-key.ts';

/** One scalar inside a JSON value, or an array as a whole. */
export interface Leaf {
  /** JSON pointer, without what is content: `shownKey`. */
  pointer: string;
  /** Nearest object key, lower case, separators removed: `file_path` and `filePath` both read `filepath`. */
  key: string;
  /** The key as it was sent. */
  rawKey: string;
  value: string | number | boolean | null | Json[];
}

const MAX_LEAVES = 5000;

/** Scalars and arrays of a JSON value in document order, at most 5,000. Iterative, so depth cannot exhaust the stack. */
export function walkArgs(root: Json | undefined, pointer: string): Leaf[] {
  const leaves: Leaf[] = [];
  if (root === undefined) return leaves;
  const pending: { value: Json; pointer: string; rawKey: string }[] = [{ value: root, pointer, rawKey: '' }];
  while (leaves.length < MAX_LEAVES) {
    const next = pending.pop();
    if (next === undefined) break;
    const { value } = next;
    if (value === null || typeof value !== 'object') {
      leaves.push({ pointer: next.pointer, key: plainKey(next.rawKey), rawKey: next.rawKey, value });
      continue;
    }
    // Deeper pointers say no more to a reader and would grow with the square of the depth.
    const base = next.pointer.length > 512 ? next.pointer : `${next.pointer}/`;
    if (Array.isArray(value)) {
      leaves.push({ pointer: next.pointer, key: plainKey(next.rawKey), rawKey: next.rawKey, value });
      for (let index = Math.min(value.length, MAX_LEAVES) - 1; index >= 0; index -= 1) {
        pending.push({ value: value[index] ?? null, pointer: base.endsWith('/') ? `${base}${index}` : base, rawKey: next.rawKey });
      }
      continue;
    }
    for (const [key, child] of Object.entries(value).toReversed()) {
      pending.push({ value: child, pointer: base.endsWith('/') ? base + pointerSegment(key) : base, rawKey: key });
    }
  }
  return leaves;
}

export const plainKey = remembering((key) => key.toLowerCase().replace(/[_\-.\s]/g, ''));

const pointerSegment = remembering((key) => escaped(shownKey(key)));
