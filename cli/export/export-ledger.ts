import type { ExportManifest, ExportStream } from '../../schemas/audit-export.ts';
import type { AuditClient } from './audit-client.ts';
import { type ExportDirectory, NotADirectoryForThis } from './export-directory.ts';

export interface ExportProgress {
  /** 0 to 1. */
  share: number;
  lines: number;
}

export interface ExportOptions {
  client: AuditClient;
  directory: ExportDirectory;
  onProgress?: (progress: ExportProgress) => void;
  /** Told why something is tried again. */
  onTrouble?: (detail: string) => void;
}

const STREAMS: readonly ExportStream[] = ['entries.ndjson', 'bodies.ndjson', 'checkpoints.ndjson', 'tiles.ndjson'];

/**
 * Takes the whole ledger away into a directory, or goes on with one that was cut. Answers the header of what was written. Where something
 * was purged meanwhile, it goes on to the entry that says so.
 */
export async function exportLedger({ client, directory, onProgress, onTrouble }: ExportOptions): Promise<ExportManifest['files']['export.json']> {
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const result = await work();
        client.hasProgressed();
        return result;
      } catch (error) {
        if (error instanceof NotADirectoryForThis || !(await client.mayTryAgain(error))) throw error;
        onTrouble?.(messageOf(error));
      }
    }
  };

  const begun = await directory.readState();
  const current = await again(() => client.manifest());
  if (begun !== undefined && orgOf(begun) !== orgOf(current)) {
    throw new NotADirectoryForThis(`the directory holds a part of the ledger of ${orgOf(begun)}, and the key is of ${orgOf(current)}`);
  }
  let manifest = begun ?? current;
  await directory.writeState(manifest);
  for (;;) {
    let lines = 0;
    for (const file of STREAMS) {
      await again(async () => {
        const from = await directory.resumePoint(file);
        const chunks = await client.stream(file, { snapshot: manifest.snapshot, from });
        lines = Math.max(lines, linesBefore(file, from, manifest));
        await directory.append(file, chunks, (count) => {
          lines += count;
          client.hasProgressed();
          onProgress?.({ share: Math.min(1, lines / totalOf(manifest)), lines });
        });
      });
    }
    const since = await again(() => client.manifest(manifest.snapshot));
    if (!since.purgedSince) break;
    manifest = since;
    // More entries fill more tiles of every level, and these are in the order of levels. They go first: whoever is killed here fetches those
    // of the old snapshot once more and is told of the purge again, while old ones under the new snapshot would be taken for a part of its own.
    await directory.remove('tiles.ndjson');
    await directory.writeState(manifest);
  }
  const { minIndex } = manifest.files['export.json'];
  if (minIndex > 0) for (const file of ['entries.ndjson', 'bodies.ndjson'] as const) await directory.dropBelow(file, minIndex);
  await directory.finish(manifest);
  return manifest.files['export.json'];
}

const orgOf = ({ files }: ExportManifest): string => files['export.json'].org;

const totalOf = ({ lines: { entries, checkpoints, tiles } }: ExportManifest): number => Math.max(1, 2 * entries + checkpoints + tiles);

/** Lines of all files up to where this one goes on, about: bodies that are gone count as well. */
function linesBefore(file: ExportStream, from: string | undefined, { lines, files }: ExportManifest): number {
  const { entries, checkpoints, tiles } = lines;
  const at = from === undefined ? 0 : Number.parseInt(from, 10);
  const { minIndex } = files['export.json'];
  switch (file) {
    case 'entries.ndjson':
      return Math.max(0, at - minIndex);
    case 'bodies.ndjson':
      return entries + Math.max(0, at - minIndex);
    case 'checkpoints.ndjson':
      return 2 * entries + Math.max(0, at - 1);
    case 'tiles.ndjson':
      return 2 * entries + checkpoints + (from === undefined ? 0 : Math.floor(tiles / 2));
  }
}

/** `fetch failed` says nothing; its cause does. */
function messageOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
