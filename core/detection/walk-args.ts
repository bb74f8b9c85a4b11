import type { Json } from '../../schemas/json.ts';
import { remembering } from '../remembering.ts';
import { escaped, shownKey } from './shown-key.ts';

/** One value inside a JSON value. */
export interface ArgNode<Value = Json> {
  /** JSON pointer, without what is content: `shownKey`. */
  pointer: string;
  /** Nearest object key, lower case, separators removed: `file_path` and `filePath` both read `filepath`. */
  key: string;
  /** The key as it was sent. */
  rawKey: string;
  value: Value;
}

/** One scalar inside a JSON value, or an array as a whole. */
export type Leaf = ArgNode<string | number | boolean | null | Json[]>;

/** Scalars and arrays of a JSON value in document order. */
export const walkArgs = (root: Json | undefined, pointer: string): Leaf[] => walkNodes(root, pointer).filter(isLeaf);

/**
 * Every value of a JSON value in document order, objects included. Iterative, so depth cannot exhaust the stack.
 * There is no bound of its own, for padding up to it would hide what follows: what the API takes bounds it, 64 KiB for an event that is asked about
 * (32,000 values), 1 MiB for a batch, and the walk is linear.
 */
export function walkNodes(root: Json | undefined, pointer: string): ArgNode[] {
  const nodes: ArgNode[] = [];
  if (root === undefined) return nodes;
  const pending: ArgNode[] = [{ value: root, pointer, key: '', rawKey: '' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    nodes.push(next);
    const { value, key, rawKey } = next;
    if (value === null || typeof value !== 'object') continue;
    // Deeper pointers say no more to a reader and would grow with the square of the depth.
    const isDeep = next.pointer.length > 512;
    const child = (step: string): string => (isDeep ? next.pointer : `${next.pointer}/${step}`);
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index -= 1) pending.push({ value: value[index] ?? null, pointer: child(String(index)), key, rawKey });
      continue;
    }
    for (const [name, member] of Object.entries(value).toReversed()) {
      pending.push({ value: member, pointer: child(pointerSegment(name)), key: plainKey(name), rawKey: name });
    }
  }
  return nodes;
}

const isLeaf = (node: ArgNode): node is Leaf => node.value === null || typeof node.value !== 'object' || Array.isArray(node.value);

export const plainKey = remembering((key) => key.toLowerCase().replace(/[_\-.\s]/g, ''));

const pointerSegment = remembering((key) => escaped(shownKey(key)));
