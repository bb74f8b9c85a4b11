import { hexOf } from '../core/encoding/hex.ts';
import type { DeploymentFile } from '../core/ledger/export-format.ts';
import { inclusionProof, tilesOfInclusion } from '../core/ledger/proofs.ts';
import type { Sql } from './client.ts';
import { ledgerPrimitives } from './ledger-primitives.ts';
import { type DeploymentProofParts, deploymentTileHashes, tileKey } from './queries/checkpoints.ts';

/** The deployment log's newest checkpoint, and that it holds one of this organisation. */
export async function proveDeployment(sql: Sql, { deployment, number, index }: DeploymentProofParts): Promise<DeploymentFile> {
  const { size, note } = deployment;
  const hashes = await deploymentTileHashes(sql, { size, tiles: tilesOfInclusion(index, size) });
  const proof = inclusionProof({ index, size, hashesOf: (tile) => hashes.get(tileKey(tile)) ?? [], sha256: ledgerPrimitives.sha256 });
  return { note, number, index, proof: proof.map(hexOf) };
}
