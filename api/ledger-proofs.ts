import { hexOf } from '../core/encoding/hex.ts';
import { entryText, genesisOf } from '../core/ledger/chain.ts';
import { formatProofFile } from '../core/ledger/proof-file.ts';
import { consistencyProof, inclusionProof, tilesOfConsistency, tilesOfInclusion } from '../core/ledger/proofs.ts';
import type { HashesOf } from '../core/ledger/tiles.ts';
import type { Sql } from '../db/client.ts';
import { proveDeployment } from '../db/deployment-proof.ts';
import { sha256, sha256Hex } from '../db/ledger-primitives.ts';
import { findAuditEntry, findCheckpointOfSize, findPreviousHash } from '../db/queries/audit-trail.ts';
import {
  type CheckpointRow,
  type DeploymentProofParts,
  deploymentProofParts,
  listCheckpoints,
  newestCheckpoint,
  tileHashes,
  type TileHashes,
  tileKey,
} from '../db/queries/checkpoints.ts';
import type { ConsistencyProof, EntryProof } from '../schemas/audit.ts';
import { HttpProblem, retryAfter } from './problem.ts';

/** A checkpoint is signed at the latest so long after an entry. */
const SIGNED_WITHIN_MS = 10_000;

export function notYetSigned(): HttpProblem {
  return new HttpProblem('not-yet-signed', { headers: retryAfter(SIGNED_WITHIN_MS) });
}

/** That an entry is in the ledger as it was signed last. @throws HttpProblem `not-found`, `not-yet-signed` */
export async function proveEntry(sql: Sql, { orgId, seq }: { orgId: string; seq: number }): Promise<EntryProof> {
  const entry = await findAuditEntry(sql, { orgId, seq });
  if (entry === undefined) throw new HttpProblem('not-found');
  const { body, at, ...rest } = entry;
  const [prev, signed] = await Promise.all([previousHash(sql, orgId, seq), signedWith(sql, { orgId, seq })]);
  if (signed === undefined) throw notYetSigned();
  const { checkpoint, deployment } = signed;
  const { number, size, note } = checkpoint;
  const hashes = await tileHashes(sql, { orgId, size, tiles: tilesOfInclusion(seq, size) });
  const proof = inclusionProof({ index: seq, size, hashesOf: hashesIn(hashes), sha256 });
  return {
    entry: { ...rest, at: at.toISOString() },
    text: entryText({ ...rest, org: orgId, atMs: at.getTime() }, prev),
    body,
    checkpoint: { number, size, note },
    inclusion: proof.map(hexOf),
    deployment: deployment === undefined ? null : await proveDeployment(sql, deployment),
    proofFile: formatProofFile({ index: seq, proof, checkpoint: note }),
  };
}

/** That one size of the ledger is the beginning of another. @throws HttpProblem `not-yet-signed`, `validation-failed`, `conflict` */
export async function proveConsistency(sql: Sql, { orgId, from, to }: { orgId: string; from: number; to: number | undefined }): Promise<ConsistencyProof> {
  const newest = await newestCheckpoint(sql, orgId);
  if (newest === undefined || newest.size < (to ?? from)) throw notYetSigned();
  const end = to ?? newest.size;
  if (from > end) throw new HttpProblem('validation-failed', { errors: [{ pointer: '/from', detail: 'must not be above `to`', in: 'query' }] });
  const checkpoint = end === newest.size ? newest : await findCheckpointOfSize(sql, { orgId, size: end });
  const hashes = await tileHashes(sql, { orgId, size: end, tiles: tilesOfConsistency(from, end) });
  return {
    from,
    to: end,
    proof: provable(() => consistencyProof({ from, to: end, hashesOf: hashesIn(hashes), sha256 })).map(hexOf),
    checkpoint: checkpoint === undefined ? null : { number: checkpoint.number, size: checkpoint.size, note: checkpoint.note },
  };
}

/** The newest checkpoint that speaks of the entry; that of the deployment log's proof, where it does. */
async function signedWith(
  sql: Sql,
  { orgId, seq }: { orgId: string; seq: number },
): Promise<{ checkpoint: CheckpointRow; deployment?: DeploymentProofParts } | undefined> {
  const deployment = await deploymentProofParts(sql, orgId);
  if (deployment !== undefined) {
    const [checkpoint] = await listCheckpoints(sql, { orgId, afterNumber: deployment.number - 1, limit: 1 });
    if (checkpoint?.number === deployment.number && checkpoint.size > seq) return { checkpoint, deployment };
  }
  const checkpoint = await newestCheckpoint(sql, orgId);
  return checkpoint !== undefined && checkpoint.size > seq ? { checkpoint } : undefined;
}

async function previousHash(sql: Sql, orgId: string, seq: number): Promise<string> {
  return seq === 0 ? genesisOf(orgId, sha256Hex) : ((await findPreviousHash(sql, { orgId, seq })) ?? '');
}

const hashesIn =
  (hashes: TileHashes): HashesOf =>
  (tile) =>
    hashes.get(tileKey(tile)) ?? [];

/** Entries that were pruned leave the sizes at their tiles' ends only. */
function provable<T>(prove: () => T): T {
  try {
    return prove();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HttpProblem('conflict', { detail: 'the entries that this proof is made of have been pruned', cause });
  }
}
