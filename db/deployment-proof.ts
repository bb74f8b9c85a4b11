import { hexOf } from '../core/encoding/hex.ts';
import type { DeploymentFile } from '../core/ledger/export-format.ts';
import type { Hash } from '../core/ledger/merkle.ts';
import { inclusionProof, tilesOfInclusion } from '../core/ledger/proofs.ts';
import type { Sql } from './client.ts';
import { sha256 } from './ledger-primitives.ts';
import { type DeploymentProofParts, deploymentTileHashes, tileKey } from './queries/checkpoints.ts';

/**
 * The deployment log's newest checkpoint, and that it holds one of this organisation. Where hashes of it are gone nothing can be shown: the
 * proof is empty and does not verify, and the ledger can be exported all the same.
 */
export async function proveDeployment(sql: Sql, { deployment, number, index }: DeploymentProofParts): Promise<DeploymentFile> {
  const { size, note } = deployment;
  const hashes = await deploymentTileHashes(sql, { size, tiles: tilesOfInclusion(index, size) });
  return { note, number, index, proof: proofOf({ index, size, hashesOf: (tile) => hashes.get(tileKey(tile)) ?? [], sha256 }).map(hexOf) };
}

function proofOf(request: Parameters<typeof inclusionProof>[0]): Hash[] {
  try {
    return inclusionProof(request);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
