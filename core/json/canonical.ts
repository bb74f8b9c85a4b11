import type { Json } from '../../schemas/json.ts';
import { remembering } from '../remembering.ts';

/**
 * RFC 8785 text of a value that came from JSON: keys sorted by UTF-16 code unit, numbers and strings as ECMAScript writes them.
 * @throws RangeError on a lone surrogate or a number that is not finite.
 */
export function canonicalize(value: Json): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('JSON has no number that is not finite');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // Texts are put together piece by piece: every event is written so three or four times, and lists of pieces cost as much as the pieces.
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalize(item) : `,${canonicalize(item)}`;
    return `[${text}]`;
  }
  // No locale here: RFC 8785 asks for the order of the UTF-16 code units, in which strings are sorted where nothing else is said.
  for (const key of Object.keys(value).toSorted()) text += (text === '' ? '' : ',') + name(key) + canonicalize(value[key] as Json);
  return `{${text}}`;
}

const HALF_OF_A_PAIR = /[\ud800-\udfff]/;
/** With the `u` flag a proper pair is one code point and no surrogate. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What JSON writes as it is: printable ASCII but the quotation mark and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Longer texts rarely are plain to their end. */
const SHORT_CHARS = 64;

function quote(text: string): string {
  if (text.length <= SHORT_CHARS && PLAIN.test(text)) return `"${text}"`;
  // Most texts have no pair at all, which is found out several times faster.
  if (HALF_OF_A_PAIR.test(text) && LONE_SURROGATE.test(text)) throw new RangeError('a string holds a lone surrogate');
  return JSON.stringify(text);
}

/** A member's name as it is written; an application has a few hundred. */
const name = remembering((key) => `${quote(key)}:`);
