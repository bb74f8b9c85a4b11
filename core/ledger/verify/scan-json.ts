/**
 * Walks through JSON as bytes without making values of it, and notes where the values of some members are. For text without white space, as RFC 8785
 * writes it: whatever else it meets it fails on, and the text must then be parsed. Every walk takes where it begins and gives where it ended, or -1.
 * Bytes must have an LF somewhere behind the text: nothing is JSON across it.
 */
export interface Shape {
  /** Names as they are written, without their quotes. */
  members: readonly { name: Uint8Array; slot: number; inside: Shape | undefined }[];
  /** Whether a name that is not among the members fails. */
  isClosed: boolean;
}

/** Where the value of each member begins and ends; -1 where it was not there. */
export interface Found {
  starts: Int32Array;
  ends: Int32Array;
}

const MAX_DEPTH = 100;
const FAILED = -1;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Walks one object and notes the members of its shape. */
export function scanObject(bytes: Uint8Array, start: number, shape: Shape | undefined, found: Found, depth = 1): number {
  if (depth > MAX_DEPTH || bytes[start] !== 0x7b) return FAILED;
  let at = start + 1;
  if (bytes[at] === 0x7d) return at + 1;
  for (;;) {
    const name = at + 1;
    if (bytes[at] !== QUOTE) return FAILED;
    at = skipString(bytes, at);
    if (at < 0 || bytes[at] !== COLON) return FAILED;
    at = shape === undefined ? skipValue(bytes, at + 1, depth) : scanMember(bytes, name, at + 1, shape, found, depth);
    if (at < 0) return FAILED;
    const byte = bytes[at];
    at += 1;
    if (byte === 0x7d) return at;
    if (byte !== COMMA) return FAILED;
  }
}

/** The name begins at `name` and ends two bytes before the value. */
function scanMember(bytes: Uint8Array, name: number, value: number, { members, isClosed }: Shape, found: Found, depth: number): number {
  const length = value - 2 - name;
  for (let each = 0; each < members.length; each += 1) {
    const member = members[each];
    if (member === undefined || member.name.length !== length || !isAt(bytes, name, member.name)) continue;
    const { slot, inside } = member;
    // A name that stands twice: parsing knows which one counts.
    if (found.starts[slot] !== -1) return FAILED;
    found.starts[slot] = value;
    const end = inside !== undefined && bytes[value] === 0x7b ? scanObject(bytes, value, inside, found, depth + 1) : skipValue(bytes, value, depth);
    found.ends[slot] = end;
    return end;
  }
  // Another spelling of a name that is looked for.
  if (isClosed || hasBackslash(bytes, name, name + length)) return FAILED;
  return skipValue(bytes, value, depth);
}

function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at];
  if (byte === QUOTE) return skipString(bytes, at);
  if (byte === 0x7b) return scanObject(bytes, at, undefined, NOTHING, depth + 1);
  if (byte === 0x5b) return skipArray(bytes, at, depth + 1);
  if (byte === 0x6e) return skipWord(bytes, at, NULL);
  if (byte === 0x74) return skipWord(bytes, at, TRUE);
  return byte === 0x66 ? skipWord(bytes, at, FALSE) : skipNumber(bytes, at);
}

function skipArray(bytes: Uint8Array, start: number, depth: number): number {
  if (depth > MAX_DEPTH) return FAILED;
  let at = start + 1;
  if (bytes[at] === 0x5d) return at + 1;
  for (;;) {
    at = skipValue(bytes, at, depth);
    if (at < 0) return FAILED;
    const byte = bytes[at];
    at += 1;
    if (byte === 0x5d) return at;
    if (byte !== COMMA) return FAILED;
  }
}

/** From its opening quote. */
function skipString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ; at += 1) {
    while (PLAIN[bytes[at] ?? 0] === 1) at += 1;
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return FAILED;
    at += 1;
    if (SHORT_ESCAPES[bytes[at] ?? 0] === 1) continue;
    if (bytes[at] !== 0x75) return FAILED;
    for (let digit = 1; digit <= 4; digit += 1) if (HEX_DIGITS[bytes[at + digit] ?? 0] !== 1) return FAILED;
    at += 4;
  }
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (at > 0 && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (at > 0 && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const hasSign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d;
    at = skipDigits(bytes, hasSign ? at + 2 : at + 1);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (DIGITS[bytes[at] ?? 0] === 1) at += 1;
  return at === start ? FAILED : at;
}

const skipWord = (bytes: Uint8Array, at: number, word: Uint8Array): number => (isAt(bytes, at, word) ? at + word.length : FAILED);

export function isAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let each = 0; each < text.length; each += 1) if (bytes[start + each] !== text[each]) return false;
  return true;
}

export function hasBackslash(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === BACKSLASH) return true;
  return false;
}

const NOTHING: Found = { starts: new Int32Array(0), ends: new Int32Array(0) };
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const TRUE = ascii('true');
const FALSE = ascii('false');
const NULL = ascii('null');
const DIGITS = tableOf((byte) => byte >= 0x30 && byte <= 0x39);
const HEX_DIGITS = tableOf((byte) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));
const SHORT_ESCAPES = tableOf((byte) => '"\\/bfnrt'.includes(String.fromCharCode(byte)));
/** What stands for itself in a string. */
const PLAIN = tableOf((byte) => byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH);

function tableOf(isIn: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isIn(byte) ? 1 : 0));
}
