/** Bounds of one event: 60,000 characters of content, and 64 KiB of JSON, of which the rest of the event needs some. */
const MAX_CHARS = 60_000;
const MAX_BYTES = 56_000;
/** What two neighbours share, so that nothing hides in the cut. */
const OVERLAP_CHARS = 1_000;

const encoder = new TextEncoder();

/** A text in parts that fit into an event each. Halves of surrogate pairs, which JSON on the wire must not hold, become U+FFFD. */
export function textParts(text: string): string[] {
  const whole = text.replace(/\p{Surrogate}/gu, '\uFFFD');
  if (fits(whole)) return [whole];
  const parts: string[] = [];
  for (let start = 0; ;) {
    let end = Math.min(whole.length, start + MAX_CHARS);
    while (!fits(whole.slice(start, end))) end = start + Math.ceil((end - start) * 0.75);
    if (end < whole.length && isHighSurrogate(whole, end - 1)) end -= 1;
    parts.push(whole.slice(start, end));
    if (end === whole.length) return parts;
    start = end - OVERLAP_CHARS;
    if (isHighSurrogate(whole, start - 1)) start -= 1;
  }
}

function fits(text: string): boolean {
  if (text.length > MAX_CHARS) return false;
  // A code unit takes three bytes at most, or six as an escape.
  return text.length * 6 <= MAX_BYTES || encoder.encode(JSON.stringify(text)).length <= MAX_BYTES;
}

const isHighSurrogate = (text: string, at: number): boolean => /[\uD800-\uDBFF]/.test(text.charAt(at));
