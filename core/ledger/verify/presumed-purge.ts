import { readClaim } from './claim.ts';
import type { ExportSource } from './export-source.ts';
import { purgeEntryOf } from './missing-bodies.ts';
import type { PurgeEntry } from './missing-bodies.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { readBodies } from './read-bodies.ts';

/** The newest purge entry, as it seems: the last one that comes into view; whether it is what was hashed shows only later. */
export async function presumedPurge(source: ExportSource, { sha256Hex }: LedgerPrimitives): Promise<PurgeEntry | undefined> {
  const lines = (await source.lastBodies()).filter((line) => line?.includes('ledger.purged') === true);
  const { seqs, claims, remarks } = readBodies(lines, sha256Hex);
  const [at, remark] = remarks.findLast(([, { type }]) => type === 'ledger.purged') ?? [];
  if (at === undefined || remark === undefined) return undefined;
  const claim = claims[at] ?? '';
  return purgeEntryOf({ seq: seqs[at] ?? 0, at: readClaim(claim).at }, remark, claim);
}
