import { wellFormed } from './well-formed.ts';

/** UTF-8 bytes of a text within JSON that still leave room for the rest of an event of 64 KiB. */
const MAX_BYTES = 48_000;
const OVERLAP_CHARS = 1_000;

/**
 * The text in parts that fit into an event each. They overlap, so that what stands across a border stands whole in one of them. Halves
 * of surrogate pairs become U+FFFD.
 * @returns one part for a text that fits
 */
export function splitContent(
  content: string,
  { maxBytes = MAX_BYTES, overlapChars = OVERLAP_CHARS }: { maxBytes?: number; overlapChars?: number } = {},
): string[] {
  const text = wellFormed(content);
  const parts: string[] = [];
  let start = 0;
  for (;;) {
    const end = endWithin(text, start, maxBytes);
    parts.push(text.slice(start, end));
    if (end >= text.length) return parts;
    // However small the bound: every part is further on than the one before.
    const next = end - Math.min(overlapChars, (end - start) >> 1);
    start = isLowSurrogate(text, next) ? next - 1 : next;
  }
}

/** As far as so many bytes go, never between the halves of a surrogate pair. */
function endWithin(text: string, start: number, maxBytes: number): number {
  let bytes = 0;
  let index = start;
  while (index < text.length) {
    const code = text.codePointAt(index) ?? 0;
    bytes += jsonBytes(code);
    if (bytes > maxBytes && index > start) return index;
    index += code > 0xff_ff ? 2 : 1;
  }
  return text.length;
}

/** Of a code point in a JSON string. */
function jsonBytes(code: number): number {
  if (code < 0x20) return 6;
  if (code < 0x80) return code === 0x22 || code === 0x5c ? 2 : 1;
  if (code >= 0xd8_00 && code <= 0xdf_ff) return 6;
  return code < 0x8_00 ? 2 : code > 0xff_ff ? 4 : 3;
}

const isLowSurrogate = (text: string, index: number): boolean => {
  const code = text.charCodeAt(index);
  return code >= 0xdc_00 && code <= 0xdf_ff;
};
