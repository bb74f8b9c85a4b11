export type IJsonCode = 'duplicate-key' | 'lone-surrogate' | 'unsafe-integer' | 'too-deep' | 'number-range' | 'syntax';

/**
 * What keeps a text from being I-JSON (RFC 7493). `pointer` is RFC 6901: the value at fault, the repeated member, or, for a key
 * with a lone surrogate, the object that holds it. `detail` quotes nothing of the text.
 */
export interface IJsonViolation {
  pointer: string;
  code: IJsonCode;
  detail: string;
}

/**
 * Reads raw JSON text once and gives the first violation in it, or null. `JSON.parse` cannot tell: it keeps the last of two
 * equal keys, rounds integers, and takes half a surrogate pair. Linear in the text; recursion ends at 64 levels.
 */
export function findIJsonViolation(text: string): IJsonViolation | null {
  const scan: Scan = { text, at: 0, path: [], depth: 0, escaped: false, violation: null };
  skipSpace(scan);
  if (readValue(scan)) {
    skipSpace(scan);
    if (scan.at < text.length) fail(scan, 'syntax', `unexpected text at offset ${scan.at}`);
  }
  return scan.violation;
}

const MAX_DEPTH = 64;

interface Scan {
  text: string;
  at: number;
  path: (string | number)[];
  depth: number;
  /** Whether the string last read holds a backslash. */
  escaped: boolean;
  violation: IJsonViolation | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Every reader below answers whether it may go on; false means that `violation` is set. */
function fail(scan: Scan, code: IJsonCode, detail: string): false {
  const pointer = scan.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  scan.violation = { pointer, code, detail };
  return false;
}

function readValue(scan: Scan): boolean {
  switch (scan.text[scan.at]) {
    case '{':
      return readNested(scan, readObject);
    case '[':
      return readNested(scan, readArray);
    case '"':
      return readString(scan);
    case 't':
      return readWord(scan, 'true');
    case 'f':
      return readWord(scan, 'false');
    case 'n':
      return readWord(scan, 'null');
    default:
      return readNumber(scan);
  }
}

function readNested(scan: Scan, read: (scan: Scan) => boolean): boolean {
  if (scan.depth === MAX_DEPTH) return fail(scan, 'too-deep', `nested deeper than ${MAX_DEPTH} levels`);
  scan.depth++;
  scan.at++;
  skipSpace(scan);
  const ok = read(scan);
  scan.depth--;
  return ok;
}

function readObject(scan: Scan): boolean {
  if (closes(scan, '}')) return true;
  const keys = new Set<string>();
  for (;;) {
    const start = scan.at;
    if (!readString(scan)) return false;
    const key = scan.escaped ? String(JSON.parse(scan.text.slice(start, scan.at))) : scan.text.slice(start + 1, scan.at - 1);
    scan.path.push(key);
    if (keys.has(key)) return fail(scan, 'duplicate-key', `key repeated at offset ${start}`);
    keys.add(key);
    skipSpace(scan);
    if (scan.text[scan.at] !== ':') return unexpected(scan);
    scan.at++;
    skipSpace(scan);
    if (!readValue(scan)) return false;
    scan.path.pop();
    skipSpace(scan);
    if (closes(scan, '}')) return true;
    if (!readComma(scan)) return false;
  }
}

function readArray(scan: Scan): boolean {
  if (closes(scan, ']')) return true;
  for (let index = 0; ; index++) {
    scan.path.push(index);
    if (!readValue(scan)) return false;
    scan.path.pop();
    skipSpace(scan);
    if (closes(scan, ']')) return true;
    if (!readComma(scan)) return false;
  }
}

/** Leaves `at` behind the closing quote. Raw and escaped code units count alike when surrogates are paired. */
function readString(scan: Scan): boolean {
  const { text } = scan;
  if (text.charCodeAt(scan.at) !== QUOTE) return unexpected(scan);
  scan.escaped = false;
  let afterHigh = false;
  for (scan.at++; scan.at < text.length; scan.at++) {
    let unit = text.charCodeAt(scan.at);
    if (unit === QUOTE) break;
    if (unit < 0x20) return fail(scan, 'syntax', `control character at offset ${scan.at}`);
    if (unit === BACKSLASH) {
      scan.escaped = true;
      unit = readEscape(scan);
      if (unit < 0) return unexpected(scan);
    }
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (afterHigh !== isLow) return fail(scan, 'lone-surrogate', `lone surrogate before offset ${scan.at + 1}`);
    afterHigh = unit >= 0xd800 && unit <= 0xdbff;
  }
  if (scan.at >= text.length) return unexpected(scan);
  if (afterHigh) return fail(scan, 'lone-surrogate', `lone surrogate before offset ${scan.at}`);
  scan.at++;
  return true;
}

const HEX4 = /[0-9A-Fa-f]{4}/y;

/** From the backslash to the last character of the escape. Gives the code unit of `\u`, 0 for a short escape, -1 for neither. */
function readEscape(scan: Scan): number {
  const kind = scan.text[++scan.at] ?? '';
  if (kind !== 'u') return kind !== '' && '"\\/bfnrt'.includes(kind) ? 0 : -1;
  HEX4.lastIndex = scan.at + 1;
  const digits = HEX4.exec(scan.text)?.[0];
  if (digits === undefined) return -1;
  scan.at += 4;
  return Number.parseInt(digits, 16);
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
/** From here on ECMAScript, and so RFC 8785, writes numbers with an exponent. */
const FIRST_EXPONENT_FORM = 1e21;

function readNumber(scan: Scan): boolean {
  NUMBER.lastIndex = scan.at;
  const match = NUMBER.exec(scan.text);
  if (match === null) return unexpected(scan);
  const [token, fraction, exponent] = match;
  const value = Number(token);
  const isInteger = fraction === undefined && exponent === undefined;
  const isBeyond = Math.abs(value) > Number.MAX_SAFE_INTEGER;
  // 1e20 too: its canonical form is the integer this very scan refuses.
  if (isBeyond && (isInteger || Math.abs(value) < FIRST_EXPONENT_FORM)) return fail(scan, 'unsafe-integer', 'integer beyond 2^53 - 1; send it as a string');
  if (!Number.isFinite(value)) return fail(scan, 'number-range', 'number beyond the range of a double');
  scan.at = NUMBER.lastIndex;
  return true;
}

function readWord(scan: Scan, word: string): boolean {
  if (!scan.text.startsWith(word, scan.at)) return unexpected(scan);
  scan.at += word.length;
  return true;
}

function readComma(scan: Scan): boolean {
  if (scan.text.charCodeAt(scan.at) !== COMMA) return unexpected(scan);
  scan.at++;
  skipSpace(scan);
  return true;
}

function closes(scan: Scan, bracket: string): boolean {
  if (scan.text[scan.at] !== bracket) return false;
  scan.at++;
  return true;
}

function skipSpace(scan: Scan): void {
  for (; scan.at < scan.text.length; scan.at++) {
    const unit = scan.text.charCodeAt(scan.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
  }
}

function unexpected(scan: Scan): false {
  return fail(scan, 'syntax', scan.at < scan.text.length ? `unexpected character at offset ${scan.at}` : 'unexpected end of text');
}
