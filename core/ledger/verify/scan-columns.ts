import { isAt } from './scan-json.ts';

/** Where the columns stand in a line of `entries.ndjson` or `bodies.ndjson` that is written as an export writes it. */
export interface FoundColumns {
  seq: number;
  kind: 1 | 2 | 3 | 4;
  /** Epoch milliseconds. */
  time: number;
  seqStart: number;
  seqEnd: number;
  /** `"kind":1,"id":"…","at":…,"retain":…`, up to `retainEnd`. */
  claimStart: number;
  idStart: number;
  timeStart: number;
  timeEnd: number;
  retainStart: number;
  retainEnd: number;
}

export const noColumns = (): FoundColumns => ({
  seq: 0,
  kind: 1,
  time: 0,
  seqStart: 0,
  seqEnd: 0,
  claimStart: 0,
  idStart: 0,
  timeStart: 0,
  timeEnd: 0,
  retainStart: 0,
  retainEnd: 0,
});

/** Columns from the beginning of a line to behind `retain`. False: it is written otherwise, or malformed. */
export function scanColumns(bytes: Uint8Array, start: number, found: FoundColumns): boolean {
  if (!isAt(bytes, start, SEQ)) return false;
  found.seqStart = start + SEQ.length;
  found.seqEnd = endOfWhole(bytes, found.seqStart);
  const kind = (bytes[found.seqEnd + KIND.length] ?? 0) - 0x30;
  if (found.seqEnd < 0 || !isAt(bytes, found.seqEnd, KIND) || (kind !== 1 && kind !== 2 && kind !== 3 && kind !== 4)) return false;
  found.kind = kind;
  found.claimStart = found.seqEnd + 1;
  const kindEnd = found.seqEnd + KIND.length + 1;
  if (!isAt(bytes, kindEnd, ID)) return false;
  found.idStart = kindEnd + ID.length;
  const idEnd = found.idStart + ID_LENGTH;
  if (!isUuidAt(bytes, found.idStart) || !isAt(bytes, idEnd, AT)) return false;
  found.timeStart = idEnd + AT.length;
  found.timeEnd = endOfWhole(bytes, found.timeStart);
  if (found.timeEnd < 0 || !isAt(bytes, found.timeEnd, RETAIN)) return false;
  found.retainStart = found.timeEnd + RETAIN.length;
  found.retainEnd = endOfWhole(bytes, found.retainStart);
  found.seq = wholeAt(bytes, found.seqStart, found.seqEnd);
  found.time = wholeAt(bytes, found.timeStart, found.timeEnd);
  return found.retainEnd > 0;
}

export const ID_LENGTH = 36;
export const HASH_LENGTH = 64;

export function isHashAt(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + HASH_LENGTH; at += 1) if (HEX[bytes[at] ?? 0] !== 1) return false;
  return true;
}

function isUuidAt(bytes: Uint8Array, start: number): boolean {
  let hyphens = 0;
  for (let at = start; at < start + ID_LENGTH; at += 1) {
    const byte = bytes[at] ?? 0;
    if (HEX[byte] === 1) continue;
    if (byte !== HYPHEN) return false;
    hyphens += 1;
  }
  return hyphens === 4 && bytes[start + 8] === HYPHEN && bytes[start + 13] === HYPHEN && bytes[start + 18] === HYPHEN && bytes[start + 23] === HYPHEN;
}

/** Behind a whole number of up to 15 digits, which is exact; -1 where there is none. */
export function endOfWhole(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[at] ?? 0) at += 1;
  const length = at - start;
  return length === 0 || length > MAX_DIGITS || (length > 1 && bytes[start] === 0x30) ? -1 : at;
}

/** The value of such a number. */
export function wholeAt(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = 10 * value + (bytes[at] ?? 0) - 0x30;
  return value;
}

const MAX_DIGITS = 15;
const HYPHEN = 0x2d;
const ascii = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const SEQ = ascii('{"seq":');
const KIND = ascii(',"kind":');
const ID = ascii(',"id":"');
const AT = ascii('","at":');
const RETAIN = ascii(',"retain":');
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) ? 1 : 0));
