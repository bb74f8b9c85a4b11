import { decodeBase64 } from './base64.ts';

export interface DecodedText {
  encoding: 'base64' | 'hex' | 'url' | 'html' | 'escape' | 'rot13' | 'reverse';
  text: string;
}

const MAX_SEGMENTS = 16;
const MAX_SEGMENT_CHARS = 16_384;

/**
 * What the text says once each encoding it shows signs of is undone. One level deep; the caller goes again for a second.
 * Each encoding looks at the text once, and at most 16 segments of 16,384 characters are decoded.
 */
export function decodeOnce(text: string): DecodedText[] {
  const found: DecodedText[] = [];
  const add = (encoding: DecodedText['encoding'], decoded: string): void => {
    if (decoded.length >= 6 && decoded !== text) found.push({ encoding, text: decoded });
  };
  if (URL_ESCAPE.test(text)) add('url', decodePercent(text));
  if (HTML_ENTITY.test(text)) add('html', decodeEntities(text));
  if (STRING_ESCAPE.test(text)) add('escape', decodeEscapes(text));
  add('base64', decodeSegments(text, BASE64_RUN, decodeBase64));
  add('hex', decodeSegments(text, HEX_RUN, decodeHex));
  const lower = text.toLowerCase();
  if (ROT13_STEMS.some((stem) => lower.includes(stem))) add('rot13', rot13(text));
  if (REVERSED_STEMS.some((stem) => lower.includes(stem))) add('reverse', Array.from(text).toReversed().join(''));
  return found;
}

/** Rotation and reversal leave no mark of their own, so they are tried only where a word of an attack shows in that form. */
const STEMS = ['instruct', 'ignore', 'previous', 'disregard', 'forget', 'prompt', 'override', 'guideline', 'developer'];
const ROT13_STEMS = STEMS.map(rot13);
const REVERSED_STEMS = STEMS.map((stem) => Array.from(stem).toReversed().join(''));

const URL_ESCAPE = /%[0-9a-f]{2}/i;
const HTML_ENTITY = /&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});/i;
const STRING_ESCAPE = /\\(?:u\{?[0-9a-f]{2,6}|x[0-9a-f]{2})/i;
const BASE64_RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const HEX_RUN = /(?:(?:0x)?[0-9a-f]{2}[ ,:]?){8,}/gi;

function decodeSegments(text: string, run: RegExp, decode: (segment: string) => Uint8Array | null): string {
  const parts: string[] = [];
  let segments = 0;
  for (const match of text.matchAll(run)) {
    segments += 1;
    if (segments > MAX_SEGMENTS) break;
    const bytes = decode(match[0].slice(0, MAX_SEGMENT_CHARS));
    const decoded = bytes === null ? null : readableText(bytes);
    if (decoded !== null) parts.push(decoded);
  }
  return parts.join('\n');
}

function decodeHex(segment: string): Uint8Array {
  const digits = segment.replace(/0x|[ ,:]/gi, '');
  const bytes = new Uint8Array(digits.length >> 1);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

const utf8 = new TextDecoder('utf-8');

/** Text of the bytes, or null where they are not text: keys, hashes and images end here. */
function readableText(bytes: Uint8Array): string | null {
  let odd = 0;
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) odd += 1;
  if (bytes.length < 6 || odd * 20 > bytes.length) return null;
  const text = utf8.decode(bytes);
  const broken = text.split('\ufffd').length - 1;
  return broken * 10 > text.length ? null : text;
}

function decodePercent(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2}){1,4096}/gi, (run) => {
      const bytes = new Uint8Array(run.length / 3);
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = Number.parseInt(run.slice(index * 3 + 1, index * 3 + 3), 16);
      return utf8.decode(bytes);
    })
    .replaceAll('+', ' ');
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  shy: '',
  zwj: '',
  zwnj: '',
  period: '.',
  colon: ':',
  comma: ',',
  lowbar: '_',
  newline: '\n',
  tab: ' ',
};

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(NAMED, name.toLowerCase()) ? (NAMED[name.toLowerCase()] ?? whole) : whole;
    return fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal), whole);
  });
}

function decodeEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2}))/gi, (whole, four?: string, braced?: string, two?: string) =>
    fromCodePoint(Number.parseInt(four ?? braced ?? two ?? '', 16), whole),
  );
}

const fromCodePoint = (point: number, otherwise: string): string => (point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : otherwise);

function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0);
    const base = code >= 97 ? 97 : 65;
    return String.fromCharCode(((code - base + 13) % 26) + base);
  });
}
