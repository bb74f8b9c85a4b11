/** A line without its LF; undefined where it is no UTF-8 or too long. */
export type Line = string | undefined;

export interface LineSplitter {
  /** The lines that end within this chunk. */
  push(chunk: Uint8Array): Line[];
  /** The last line, where it lacks its LF. */
  end(): Line[];
}

export const MAX_LINE_BYTES = 16 * 1_048_576;
const PIECE_BYTES = 1_048_576;
const LF = 0x0a;

/** Text of bytes as they are; undefined where they are no UTF-8. */
export type DecodeUtf8 = (bytes: Uint8Array) => string | undefined;

/** Cuts bytes that arrive in chunks into lines. Holds no more than a chunk and one line. */
export function createLineSplitter(decode: DecodeUtf8 = decodeUtf8): LineSplitter {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;

  const keep = (bytes: Uint8Array): void => {
    begunBytes += bytes.length;
    // Of a line that is too long only its length is kept.
    if (begunBytes > MAX_LINE_BYTES) begun = [];
    else if (bytes.length > 0) begun.push(bytes);
  };
  const takeBegun = (): Line => {
    const line = begunBytes > MAX_LINE_BYTES ? undefined : decode(joined(begun));
    begun = [];
    begunBytes = 0;
    return line;
  };
  const splitPiece = (piece: Uint8Array, lines: Line[]): void => {
    const first = piece.indexOf(LF);
    if (first < 0) {
      keep(copyOf(piece));
      return;
    }
    let start = 0;
    if (begunBytes > 0) {
      keep(piece.subarray(0, first));
      lines.push(takeBegun());
      start = first + 1;
    }
    const end = piece.lastIndexOf(LF);
    if (end >= start) for (const line of linesOf(piece.subarray(start, end), decode)) lines.push(line);
    keep(copyOf(piece.subarray(end + 1)));
  };

  return {
    push(chunk) {
      const lines: Line[] = [];
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) splitPiece(chunk.subarray(at, at + PIECE_BYTES), lines);
      return lines;
    },
    end: () => (begunBytes === 0 ? [] : [takeBegun()]),
  };
}

/** What every runtime has. A byte order mark is text like any other. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The caller may write to a chunk again. Not `slice`, which copies nothing of Node's buffers. */
const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** All at once, which is much faster; one by one where one of them is no UTF-8. */
function linesOf(bytes: Uint8Array, decode: DecodeUtf8): Line[] {
  const text = decode(bytes);
  if (text !== undefined) return text.split('\n');
  const lines: Line[] = [];
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(decode(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
