import { createHash } from 'node:crypto';
import { openCheckpoint } from '../../core/ledger/checkpoint.ts';
import { deploymentOrigin, keysOfOrg, orgOrigin } from '../../core/ledger/log-names.ts';
import { createCompactRange, type Hash } from '../../core/ledger/merkle.ts';
import { parseVkey, type Vkey } from '../../core/ledger/note.ts';
import { consistencyProof, inclusionProof, tilesOfConsistency, tilesOfInclusion, verifyConsistency, verifyInclusion } from '../../core/ledger/proofs.ts';
import type { Sql } from '../../db/client.ts';
import {
  type CheckpointRow,
  deploymentProofParts,
  deploymentTileHashes,
  listCheckpoints,
  listLogKeys,
  tileHashes,
  tileKey,
} from '../../db/queries/checkpoints.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyEd25519 } from '../../db/ledger-primitives.ts';
import { SIGNER_HOST } from './signer-turns.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export interface SignedHistory {
  checkpoints: (CheckpointRow & { atMs: number; keyNames: string[] })[];
  entries: number;
}

/**
 * Everything an outsider can ask of an organisation's checkpoints, from what the database shows the application: signatures, numbers, roots
 * from the entries, consistency from one to the next, tiles, and the place in the deployment log. Throws at the first thing that is wrong.
 */
export async function checkHistory(sql: Sql, orgId: string, host = SIGNER_HOST): Promise<SignedHistory> {
  const keys = await listLogKeys(sql);
  const vkeys = keysOfOrg(keys, orgId, sha256).map(({ vkey }) => parsed(vkey));
  const spine = await asTenant(sql, orgId, (tx) => tx<{ hash: Hash }[]>`select entry_hash as hash from ledger_entry where org_id = ${orgId} order by seq`);
  const rows = await listCheckpoints(sql, { orgId, afterNumber: 0, limit: 10_000 });
  const checkpoints: SignedHistory['checkpoints'] = [];
  for (const row of rows) {
    const opened = openCheckpoint(row.note, vkeys, verifyEd25519, { origin: orgOrigin(host, orgId) });
    if ('problem' in opened) throw new Error(`checkpoint ${row.number}: ${opened.problem}`);
    const before = checkpoints.at(-1);
    expect(row).toMatchObject({ number: (before?.number ?? 0) + 1, size: opened.size, root: Buffer.from(opened.root) });
    expect(opened.atMs).toBeGreaterThanOrEqual(before?.atMs ?? 0);
    expect(hex(opened.root)).toBe(hex(rootOf(spine.slice(0, row.size).map(({ hash }) => hash))));
    if (before !== undefined) await checkConsistency(sql, orgId, before, row);
    const keyNames = [...row.note.matchAll(/^— (\S+) /gm)].map(([, name = '']) => name);
    checkpoints.push({ ...row, atMs: opened.atMs, keyNames });
  }
  await checkDeployment(sql, orgId, { host, keys: keys.filter(({ use }) => use !== 'log').map(({ vkey }) => parsed(vkey)), checkpoints });
  return { checkpoints, entries: spine.length };
}

async function checkConsistency(sql: Sql, orgId: string, from: CheckpointRow, to: CheckpointRow): Promise<void> {
  const hashes = await tileHashes(sql, { orgId, tiles: tilesOfConsistency(from.size, to.size), size: to.size });
  const proof = consistencyProof({ from: from.size, to: to.size, hashesOf: (tile) => hashes.get(tileKey(tile)) ?? [], sha256 });
  expect(verifyConsistency({ from: from.size, to: to.size, fromRoot: from.root, toRoot: to.root, proof, sha256 })).toBe(true);
}

async function checkDeployment(
  sql: Sql,
  orgId: string,
  { host, keys, checkpoints }: { host: string; keys: readonly Vkey[]; checkpoints: readonly CheckpointRow[] },
): Promise<void> {
  const newest = checkpoints.at(-1);
  const parts = await deploymentProofParts(sql, orgId);
  if (newest === undefined || parts === undefined) {
    expect([newest, parts]).toEqual([undefined, undefined]);
    return;
  }
  const { deployment, index, hash, number } = parts;
  const opened = openCheckpoint(deployment.note, keys, verifyEd25519, { origin: deploymentOrigin(host) });
  if ('problem' in opened) throw new Error(`deployment: ${opened.problem}`);
  expect(number).toBe(newest.number);
  expect(hex(hash)).toBe(hex(sha256(Buffer.concat([Buffer.of(0), sha256(Buffer.from(newest.note))]))));
  const hashes = await deploymentTileHashes(sql, { tiles: tilesOfInclusion(index, opened.size), size: opened.size });
  const proof = inclusionProof({ index, size: opened.size, hashesOf: (tile) => hashes.get(tileKey(tile)) ?? [], sha256 });
  expect(verifyInclusion({ index, size: opened.size, leaf: hash, proof, root: opened.root, sha256 })).toBe(true);
}

/** The deployment log's checkpoints, each of them a prefix of its leaves. */
export async function checkDeploymentHistory(admin: Sql): Promise<number> {
  const leaves = await admin<{ hash: Hash }[]>`select hash from deployment_leaf order by idx`;
  const rows = await admin<{ number: number; size: number; root: Hash }[]>`select number, size, root from deployment_checkpoint order by number`;
  for (const [at, { number, size, root }] of rows.entries()) {
    expect(number).toBe(at + 1);
    expect(hex(root)).toBe(hex(rootOf(leaves.slice(0, size).map(({ hash }) => hash))));
  }
  expect(rows.at(-1)?.size ?? 0).toBe(leaves.length);
  return rows.length;
}

function rootOf(hashes: readonly Hash[]): Hash {
  const range = createCompactRange(sha256);
  for (const hash of hashes) range.append(hash);
  return range.root();
}

function parsed(text: string): Vkey {
  const vkey = parseVkey(text, sha256);
  if (vkey === undefined) throw new Error(`${text} is no verifier key`);
  return vkey;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
