import { filesSource } from './files-source.ts';
import type { ExportFiles } from './files-source.ts';
import { noblePrimitives as primitives } from './noble-primitives.ts';
import type { VerifyResult } from './read-export.ts';
import { verifyExport } from './verify-export.ts';
import type { Unreadable } from './verify-export.ts';
import { verifyProof } from './verify-proof.ts';
import type { ProofOptions, ProofResult } from './verify-proof.ts';

/**
 * The verifier for a browser: `dist/browser/ledger-verifier.js` is this, in one file without imports. It sends nothing anywhere.
 *
 * @example
 * const { findings } = await verifyFiles({ 'export.json': file, 'entries.ndjson': otherFile, … }, { vkeys: ['ledger.example.com/mg/org/…+…'] });
 */
export function verifyFiles(
  files: ExportFiles,
  { vkeys = [], onProgress }: { vkeys?: readonly string[]; onProgress?: (share: number) => void } = {},
): Promise<VerifyResult | Unreadable> {
  return verifyExport({ source: filesSource(files, onProgress), primitives, vkeys });
}

/** One entry by its proof: texts of the `.tlog-proof` file, of the entry and of its body. */
export const verifyEntry = (options: Omit<ProofOptions, 'primitives'>): ProofResult | Unreadable => verifyProof({ ...options, primitives });
