import type { ExportSource } from './export-source.ts';
import { keysByUse, readGivenVkey } from './keys.ts';
import { presumedPurge } from './presumed-purge.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { readExport } from './read-export.ts';
import type { VerifyResult } from './read-export.ts';
import { readExportFile } from './read-lines.ts';

/** There is nothing that could be verified. */
export interface Unreadable {
  problem: string;
}

export interface VerifyOptions {
  source: ExportSource;
  primitives: LedgerPrimitives;
  /** Keys that are trusted instead of those of the export. */
  vkeys?: readonly string[];
}

/**
 * Verifies an export as docs/spec/ledger-v1.md says, step by step, in memory that does not grow with the number of entries: only with those of
 * checkpoints, tiles and receipts.
 */
export async function verifyExport({ source, primitives, vkeys = [] }: VerifyOptions): Promise<VerifyResult | Unreadable> {
  const exported = readExportFile((await source.text('export.json')) ?? '');
  if (exported === undefined) return { problem: 'export.json is missing, or is not that of an export of version 1' };
  const pinned = vkeys.map((text) => ({ text, vkey: readGivenVkey(text, exported.host, primitives.sha256) }));
  const unknown = pinned.find(({ vkey }) => vkey === undefined);
  if (unknown !== undefined) return { problem: `${unknown.text} is no verifier key` };
  const keys = pinned.length === 0 ? undefined : keysByUse(pinned.flatMap(({ vkey }) => vkey ?? []));

  const pass = { source, primitives, exported, keys };
  const presumed = await presumedPurge(source, primitives);
  const first = await readExport({ ...pass, presumed });
  const isNoneNeeded = first.result.missingBodies === 0 && first.purge === undefined;
  if (isNoneNeeded || first.purge?.key === presumed?.key) return first.result;
  return (await readExport({ ...pass, presumed: first.purge })).result;
}
