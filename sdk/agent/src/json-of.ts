import type { Json } from '../../compliance/src/api-types.ts';
import { wellFormed } from './well-formed.ts';

/** How deep a value is looked into. */
const MAX_DEPTH = 32;

/** The JSON of any value, as `JSON.stringify` sees it, but for what that cannot write: cycles, big integers, what throws when it is read. */
export function jsonOf(value: unknown): Json {
  try {
    const text = JSON.stringify(value) ?? 'null';
    // Escapes are left only of what JSON on the wire may not hold: halves of surrogate pairs.
    return (text.includes('\\ud') ? JSON.parse(text, wellFormedMember) : JSON.parse(text)) as Json;
  } catch {
    return readable(value, new Set(), 0);
  }
}

/** The arguments of a call as one object: the one object it is called with, or each under its place. */
export function toArguments(...args: unknown[]): Record<string, Json> {
  const [first] = args;
  const named = args.length === 1 && typeof first === 'object' && first !== null && !Array.isArray(first) ? first : Object.fromEntries(args.entries());
  return jsonOf(named) as Record<string, Json>;
}

const wellFormedMember = (_name: string, member: unknown): unknown => (typeof member === 'string' ? wellFormed(member) : member);

function readable(value: unknown, above: Set<object>, depth: number): Json {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol' || value === undefined) return null;
  if (typeof value !== 'object' || value === null) return typeof value === 'number' && !Number.isFinite(value) ? null : value;
  if (above.has(value) || depth >= MAX_DEPTH) return '[…]';
  const inside = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((item) => readable(item, inside, depth + 1));
  const json: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    try {
      json[key] = readable((value as Record<string, unknown>)[key], inside, depth + 1);
    } catch {
      json[key] = null;
    }
  }
  return json;
}
