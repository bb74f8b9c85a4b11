import { utf8 } from '../note.ts';
import type { ExportSource, LinesFile } from './export-source.ts';
import { createLineSplitter, decodeUtf8 } from './split-lines.ts';
import type { Line } from './split-lines.ts';

/** The files of an export by their path in it, such as `entries.ndjson` or `anchors/first.note`: what was picked in a browser, or texts. */
export type ExportFiles = Readonly<Record<string, Blob | Uint8Array | string>>;

const CHUNK_BYTES = 1_048_576;
const TAIL_BYTES = 4 * CHUNK_BYTES;
const ANCHOR = /^anchors\/([^/]+\.note)$/;

/** Reads files piece by piece, so that a `File` need not fit into memory. `onProgress` is told the share of entries and bodies read, 0 to 1. */
export function filesSource(files: ExportFiles, onProgress: (share: number) => void = () => undefined): ExportSource {
  const readBytes = new Map<string, number>();
  const total = sizeOf(files['entries.ndjson']) + sizeOf(files['bodies.ndjson']);
  const progress = (file: LinesFile, bytes: number): void => {
    if (file !== 'entries.ndjson' && file !== 'bodies.ndjson') return;
    readBytes.set(file, bytes);
    onProgress(Math.min(1, [...readBytes.values()].reduce((sum, each) => sum + each, 0) / total));
  };

  async function* lines(file: LinesFile, content: Piecewise): AsyncGenerator<Line[]> {
    const splitter = createLineSplitter();
    for (let at = 0; at < content.size; at += CHUNK_BYTES) {
      yield splitter.push(await content.slice(at, at + CHUNK_BYTES));
      progress(file, Math.min(content.size, at + CHUNK_BYTES));
    }
    yield splitter.end();
  }
  const textOf = async (file: string): Promise<string | undefined> => {
    const content = piecewise(files[file]);
    return content === undefined ? undefined : decodeUtf8(await content.slice(0, content.size));
  };

  return {
    text: textOf,
    async lines(file) {
      const content = piecewise(files[file]);
      return content === undefined ? undefined : lines(file, content);
    },
    async lastBodies() {
      const content = piecewise(files['bodies.ndjson']);
      if (content === undefined) return [];
      const splitter = createLineSplitter();
      const tail = await content.slice(Math.max(0, content.size - TAIL_BYTES), content.size);
      return [...splitter.push(tail), ...splitter.end()];
    },
    async anchors() {
      const names = Object.keys(files).flatMap((path) => ANCHOR.exec(path)?.[1] ?? []);
      return Promise.all(names.map(async (name) => ({ name, note: await textOf(`anchors/${name}`) })));
    },
  };
}

interface Piecewise {
  size: number;
  slice(from: number, to: number): Promise<Uint8Array>;
}

function piecewise(content: Blob | Uint8Array | string | undefined): Piecewise | undefined {
  if (content === undefined) return undefined;
  if (content instanceof Blob) return { size: content.size, slice: async (from, to) => new Uint8Array(await content.slice(from, to).arrayBuffer()) };
  const bytes = typeof content === 'string' ? utf8(content) : content;
  return { size: bytes.length, slice: async (from, to) => bytes.subarray(from, to) };
}

function sizeOf(content: Blob | Uint8Array | string | undefined): number {
  if (content === undefined) return 0;
  return typeof content === 'string' ? content.length : content instanceof Blob ? content.size : content.length;
}
