import { fullTiles } from '../core/ledger/tiles.ts';
import { type ExportSnapshot, type LedgerExport } from '../db/ledger-export.ts';
import type { ExportManifest } from '../schemas/audit-export.ts';
import { HttpProblem } from './problem.ts';

/** What a caller is told of an export. With `since`, whether anything was purged since that one was made. */
export function manifestOf({ snapshot, header, keys, deployment }: LedgerExport, since: ExportSnapshot | undefined): ExportManifest {
  return {
    snapshot: encodeSnapshot(snapshot),
    purgedSince: since !== undefined && since.purge !== snapshot.purge,
    lines: { entries: Math.max(0, header.size - header.minIndex), checkpoints: snapshot.checkpoint, tiles: tilesIn(snapshot.signedSize) },
    files: { 'export.json': header, 'keys.json': keys, 'deployment.json': deployment },
  };
}

const encodeSnapshot = ({ size, checkpoint, signedSize, purge, minIndex }: ExportSnapshot): string =>
  Buffer.from(JSON.stringify([size, checkpoint, signedSize, purge, minIndex])).toString('base64url');

/** @throws HttpProblem `validation-failed` for what is none of ours */
export function decodeSnapshot(text: string): ExportSnapshot {
  const [size, checkpoint, signedSize, purge, minIndex, ...more] = parse(text);
  const numbers = [size, checkpoint, signedSize, purge, minIndex];
  if (more.length > 0 || !numbers.every((value) => Number.isSafeInteger(value) && (value as number) >= -1)) {
    throw new HttpProblem('validation-failed', { errors: [{ pointer: '/snapshot', detail: 'not a snapshot of an export', in: 'query' }] });
  }
  return { size, checkpoint, signedSize, purge, minIndex } as ExportSnapshot;
}

function parse(text: string): unknown[] {
  try {
    const value = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function tilesIn(size: number): number {
  let count = 0;
  for (let level = 0; fullTiles(level, size) > 0; level += 1) count += fullTiles(level, size);
  return count;
}
