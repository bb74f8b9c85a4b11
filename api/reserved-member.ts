import { pointerOf } from './pointer.ts';

/**
 * RFC 6901 pointer of the first member named `__proto__`, or null. Schemas pass over such members without a word, so what is decided
 * would not be what was sent.
 */
export function findReservedMember(value: unknown, text: string): string | null {
  // An escape may spell the name too. Everything else cannot hold it, and is not walked.
  if (!text.includes('__proto__') && !text.includes('\\u')) return null;
  const path = walk(value);
  return path === null ? null : pointerOf(path);
}

function walk(value: unknown): (string | number)[] | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' && !Array.isArray(value)) return [key];
    const below = walk(member);
    if (below !== null) return [key, ...below];
  }
  return null;
}
