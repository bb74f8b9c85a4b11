import { bytesOfHex } from '../../encoding/hex.ts';
import { deploymentLeaf, openCheckpoint } from '../checkpoint.ts';
import type { DeploymentFile } from '../export-format.ts';
import { deploymentOrigin } from '../log-names.ts';
import type { Hash } from '../merkle.ts';
import { verifyInclusion } from '../proofs.ts';
import type { Findings } from './findings.ts';
import type { LogKeys } from './keys.ts';
import type { LedgerPrimitives } from './primitives.ts';

/** That the deployment log holds a checkpoint of this ledger: step 8 of docs/spec/ledger-v1.md. `noteHash`: of the checkpoint it is about. */
export function checkDeployment(
  { note, index, proof }: DeploymentFile,
  {
    host,
    keys,
    noteHash,
    primitives: { sha256, verify },
    findings,
  }: { host: string; keys: LogKeys; noteHash: Hash | undefined; primitives: LedgerPrimitives; findings: Findings },
): void {
  const opened = openCheckpoint(note, keys.all, verify, { origin: deploymentOrigin(host), signedBy: keys.deployment });
  if ('problem' in opened) {
    findings.add('BAD_SIGNATURE', 'deployment');
    return;
  }
  const { size, root } = opened;
  const hashes = proof.map((hash) => bytesOfHex(hash) as Hash);
  const isIncluded = noteHash !== undefined && verifyInclusion({ index, size, leaf: deploymentLeaf(noteHash, sha256), proof: hashes, root, sha256 });
  if (!isIncluded) findings.add('BAD_PROOF', 'deployment');
}
