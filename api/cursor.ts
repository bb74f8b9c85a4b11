import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { HttpProblem } from './problem.ts';

/** Where the next page begins. Bound to the filters of this one, so that no page is cut from another list. */
export function encodeCursor(position: string | number, filters: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify([position, hashOf(filters)])).toString('base64url');
}

/** Undefined on the first page. Throws 422 for a cursor that is not ours or was made with other filters. */
export function decodeCursor<Kind extends 'string' | 'number'>(
  cursor: string | undefined,
  kind: Kind,
  filters: Record<string, unknown>,
): (Kind extends 'string' ? string : number) | undefined {
  if (cursor === undefined) return undefined;
  const [position, hash] = parse(cursor);
  const isPosition =
    kind === 'number' ? Number.isSafeInteger(position) && Number(position) >= 0 : typeof position === 'string' && /^[\x20-\x7e]{1,128}$/.test(position);
  if (!isPosition) throw refused('not a cursor of this list');
  if (hash !== hashOf(filters)) throw refused('this cursor was made with other filters');
  return position as Kind extends 'string' ? string : number;
}

/** The same for a position of several parts, which was encoded as JSON text. */
export function decodePlace<Place>(cursor: string | undefined, schema: z.ZodType<Place>, filters: Record<string, unknown>): Place | undefined {
  const text = decodeCursor(cursor, 'string', filters);
  if (text === undefined) return undefined;
  const { success, data } = schema.safeParse(jsonOf(text));
  if (!success) throw refused('not a cursor of this list');
  return data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parse(cursor: string): unknown[] {
  try {
    const value = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function hashOf(filters: Record<string, unknown>): string {
  const set = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(set)).digest('base64url').slice(0, 16);
}

function refused(detail: string): HttpProblem {
  return new HttpProblem('validation-failed', { errors: [{ pointer: '/cursor', detail, in: 'query' }] });
}
