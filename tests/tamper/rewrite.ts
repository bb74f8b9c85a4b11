import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodePrimitives } from '../../cli/verify/node-primitives.ts';
import { bytesOfHex, hexOf } from '../../core/encoding/hex.ts';
import { entryText, genesisOf, leafHash, type SpineEntry } from '../../core/ledger/chain.ts';
import { parseTreeHead, signCheckpoint } from '../../core/ledger/checkpoint.ts';
import { deploymentOrigin, timeKeyName } from '../../core/ledger/log-names.ts';
import type { Hash } from '../../core/ledger/merkle.ts';
import { parseNote } from '../../core/ledger/note.ts';
import { createTileBuilder } from '../../core/ledger/tiles.ts';
import type { Sql } from '../../db/client.ts';
import { readPrivateKeyPem, type SigningKey } from '../../workers/signer/private-key.ts';
import { hit } from './attack.ts';
import { AT, HOST, ORIGIN, OURS } from './scene/landmarks.ts';

const { sha256, sha256Hex } = nodePrimitives;
const bytes = (hex: string): Hash => bytesOfHex(hex) as Hash;

/** A call that was blocked becomes one that was allowed, in the text and beside it. */
export const tellAnotherStory = (sql: Sql): Promise<void> =>
  hit(
    sql,
    `update agent_events set value = 'ALLOW', body = replace(body, '"value":"BLOCK"', '"value":"ALLOW"')
     where org_id = '${OURS}' and seq = ${AT.blocked} and body like '%"value":"BLOCK"%'`,
  );

/**
 * Makes our chain fit what now stands in the bodies: every hash from entry `from` on is computed anew, and the head and the tiles with it. What was
 * signed stays as it is.
 */
export async function rewriteChain(sql: Sql, from: number): Promise<void> {
  const entries = await sql<(SpineEntry & { text: string | null })[]>`
    select e.org_id as org, e.seq, e.kind, e.record_id as id, epoch_ms(e.at) as "atMs", e.retain_days as "retainDays",
           encode(e.body_hash, 'hex') as "bodyHash", encode(e.entry_hash, 'hex') as "entryHash", b.body as text
    from ledger_entry e left join (
      select seq, body from agent_events where org_id = ${OURS} union all select seq, body from hitl_decisions where org_id = ${OURS}
      union all select seq, body from audit_records where org_id = ${OURS} union all select seq, body from policy_violations where org_id = ${OURS}
    ) b on b.seq = e.seq
    where e.org_id = ${OURS} order by e.seq`;
  let prev = genesisOf(OURS, sha256Hex);
  const rewritten = entries.map(({ text, ...entry }) => {
    const bodyHash = text === null || entry.seq < from ? entry.bodyHash : sha256Hex(text);
    prev = entry.seq < from ? entry.entryHash : leafHash(entryText({ ...entry, bodyHash }, prev), sha256Hex);
    return { ...entry, bodyHash, entryHash: prev };
  });
  await sql`
    update ledger_entry e set body_hash = decode(x.body, 'hex'), entry_hash = decode(x.hash, 'hex')
    from jsonb_to_recordset(${JSON.stringify(rewritten.map(({ seq, bodyHash: body, entryHash: hash }) => ({ seq, body, hash })))}::text::jsonb) as x(seq bigint, body text, hash text)
    where e.org_id = ${OURS} and e.seq = x.seq`;
  const last = rewritten.at(-1);
  await sql`
    update ledger_head set next_seq = ${(last?.seq ?? -1) + 1}, head = ${Buffer.from(prev, 'hex')}, last_at = of_epoch_ms(${last?.atMs ?? 0}::bigint)
    where org_id = ${OURS}`;
  const builder = createTileBuilder(sha256);
  for (const { entryHash } of rewritten) {
    for (const { level, index, root } of builder.append(bytes(entryHash))) {
      await sql`update ledger_tile set root = ${Buffer.from(root)} where org_id = ${OURS} and level = ${level} and idx = ${index}`;
    }
  }
}

/** Keys that sign, in the hands of somebody else: those of the signer, from its directory, or others. */
export interface StolenKeys {
  log: SigningKey;
  time: SigningKey;
  deployment: SigningKey;
}

export async function stealKeys(signerDirectory: string): Promise<StolenKeys> {
  const key = async (use: string): Promise<SigningKey> => readPrivateKeyPem(await readFile(join(signerDirectory, `${use}.pem`), 'utf8'));
  return { log: await key('log'), time: await key('time'), deployment: await key('deployment') };
}

/** Signs all our checkpoints anew, at the times they had, for the entries that stand now; and the deployment log over them. */
export async function resign(sql: Sql, keys: StolenKeys): Promise<void> {
  const hashes = await sql<{ hash: string }[]>`select encode(entry_hash, 'hex') as hash from ledger_entry where org_id = ${OURS} order by seq`;
  const checkpoints = await sql<StoredNote[]>`select number, size, note from ledger_checkpoint where org_id = ${OURS} order by number`;
  const roots = rootsOf(hashes.map(({ hash }) => bytes(hash)));
  for (const { number, size, note } of checkpoints) {
    const root = roots[size] as Hash;
    const signed = noteOf(ORIGIN, { size, root, atMs: timeOf(note) }, keys.log, keys.time);
    await sql`update ledger_checkpoint set root = ${Buffer.from(root)}, note = ${signed} where org_id = ${OURS} and number = ${number}`;
    await sql`update deployment_leaf set hash = ${Buffer.from(sha256(Buffer.concat([Buffer.of(0), sha256(Buffer.from(signed))])))} where org_id = ${OURS} and number = ${number}`;
  }
  await resignDeployment(sql, keys);
}

interface StoredNote {
  number: number;
  size: number;
  note: string;
}

async function resignDeployment(sql: Sql, keys: StolenKeys): Promise<void> {
  const leaves = (await sql<{ hash: string }[]>`select encode(hash, 'hex') as hash from deployment_leaf order by idx`).map(({ hash }) => bytes(hash));
  const roots = rootsOf(leaves);
  for (const { number, size, note } of await sql<StoredNote[]>`select number, size, note from deployment_checkpoint order by number`) {
    const root = roots[size] as Hash;
    const signed = noteOf(deploymentOrigin(HOST), { size, root, atMs: timeOf(note) }, keys.deployment, keys.time);
    await sql`update deployment_checkpoint set root = ${Buffer.from(root)}, note = ${signed} where number = ${number}`;
  }
  const builder = createTileBuilder(sha256);
  for (const { level, index, root } of leaves.flatMap((leaf) => builder.append(leaf))) {
    await sql`update deployment_tile set root = ${Buffer.from(root)} where level = ${level} and idx = ${index}`;
  }
}

/** By size. */
function rootsOf(leaves: readonly Hash[]): Hash[] {
  const builder = createTileBuilder(sha256);
  return [
    builder.root(),
    ...leaves.map((leaf) => {
      builder.append(leaf);
      return builder.root();
    }),
  ];
}

const noteOf = (origin: string, head: { size: number; root: Hash; atMs: number }, log: SigningKey, time: SigningKey): string =>
  signCheckpoint({ origin, ...head, logKeys: [{ name: origin, ...log }], timeKey: { name: timeKeyName(HOST), ...time }, sha256 });

/** The time that a note was signed with, out of its last signature. */
function timeOf(note: string): number {
  const parsed = parseNote(note);
  const stamp = parsed?.signatures.at(-1)?.signature;
  if (stamp === undefined || parseTreeHead(parsed?.text ?? '') === undefined) throw new Error(`no signed note: ${hexOf(Buffer.from(note))}`);
  return Number(new DataView(stamp.buffer, stamp.byteOffset).getBigUint64(0)) * 1_000;
}
