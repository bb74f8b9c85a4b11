import { MAX_LINE_BYTES } from './split-lines.ts';
import type { DecodeUtf8, Line } from './split-lines.ts';

/** Whole lines as bytes. */
export interface ScannedLines {
  bytes: Uint8Array;
  /** Where each line ends: at its LF, or behind the last byte, where the last line lacks it. */
  ends: readonly number[];
  /** Text of bytes that are known to be ASCII. */
  ascii: (start: number, end: number) => string;
  decode: DecodeUtf8;
}

/** The line as other readers take it. */
export function lineAt({ bytes, decode }: ScannedLines, start: number, end: number): Line {
  return end - start > MAX_LINE_BYTES ? undefined : decode(bytes.subarray(start, end));
}
