import { type Json, JsonObject } from '../../schemas/json.ts';
import { findIJsonViolation } from '../json/i-json.ts';

/** Longest text kept of one content or of arguments that are no object, in UTF-16 code units. */
export const MAX_TEXT_CHARS = 30_000;

/** What attributes hold as JSON text or as a structure; undefined where the text is not I-JSON (RFC 7493). */
export function jsonOf(value: Json): Json | undefined {
  if (typeof value !== 'string') return value;
  if (!/^\s*[[{]/.test(value) || findIJsonViolation(value) !== null) return undefined;
  const parsed = JSON.parse(value) as Json;
  return holdsReserved(parsed) ? undefined : parsed;
}

/** An object of its own where an event can hold it, else the text under `text`, cut where it is too long: a call must not go unseen for its form. */
export function argumentsOf(value: Json): JsonObject {
  const parsed = jsonOf(value);
  const size = typeof value === 'string' ? value.length : JSON.stringify(value).length;
  if (size <= MAX_TEXT_CHARS && isObject(parsed) && JsonObject.safeParse(parsed).success) return parsed;
  return { text: cut(textOfJson(value)) };
}

export const textOfJson = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Beginning and end of a text that is too long: orders hide at either. Pairs are not halved. */
export function cut(text: string): string {
  if (text.length <= MAX_TEXT_CHARS) return text;
  const half = MAX_TEXT_CHARS / 2;
  const tail = text.slice(-half).replace(/^[\uDC00-\uDFFF]/, '');
  return `${beginningOf(text, half)}\n…\n${tail}`;
}

/** As much of a text as fits. Half a pair at its end would be text that no record can hold. */
export function beginningOf(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : text.slice(0, maxChars).replace(/[\uD800-\uDBFF]$/, '');
}

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function holdsReserved(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsReserved);
  return Object.entries(value).some(([key, member]) => key === '__proto__' || holdsReserved(member));
}
