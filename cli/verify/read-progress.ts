import type { LinesFile } from '../../core/ledger/verify/export-source.ts';

/** Adds up how much of the two large files has been read. A file that is read a second time begins anew. */
export function createReadProgress(totalBytes: number, onProgress: (share: number, bytes: number) => void) {
  const bytesOf = { 'entries.ndjson': 0, 'bodies.ndjson': 0 };
  return {
    read(file: LinesFile, bytes: number): void {
      if (file !== 'entries.ndjson' && file !== 'bodies.ndjson') return;
      bytesOf[file] = bytes;
      const done = bytesOf['entries.ndjson'] + bytesOf['bodies.ndjson'];
      onProgress(Math.min(1, done / Math.max(1, totalBytes)), done);
    },
  };
}
