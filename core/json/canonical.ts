import type { Json } from '../../schemas/json.ts';

/**
 * RFC 8785 text of a value that came from JSON: keys sorted by UTF-16 code unit, numbers and strings as ECMAScript writes them.
 * @throws RangeError on a lone surrogate or a number that is not finite.
 */
export function canonicalize(value: Json): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError('JSON has no number that is not finite');
    return JSON.stringify(value);
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // Texts are put together piece by piece: every event is written so three or four times, and lists of pieces cost as much as the pieces.
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalize(item) : `,${canonicalize(item)}`;
    return `[${text}]`;
  }
  // No locale here: RFC 8785 asks for the order of the UTF-16 code units, in which strings are sorted where nothing else is said.
  for (const key of Object.keys(value).toSorted()) text += `${text === '' ? '' : ','}${quote(key)}:${canonicalize(value[key] as Json)}`;
  return `{${text}}`;
}

const HALF_OF_A_PAIR = /[\ud800-\udfff]/;
/** With the `u` flag a proper pair is one code point and no surrogate. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function quote(text: string): string {
  // Most texts have no pair at all, which is found out several times faster.
  if (HALF_OF_A_PAIR.test(text) && LONE_SURROGATE.test(text)) throw new RangeError('a string holds a lone surrogate');
  return JSON.stringify(text);
}
