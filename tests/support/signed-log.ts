import { generateKeyPairSync, sign } from 'node:crypto';
import { bytesOfHex, hexOf } from '../../core/encoding/hex.ts';
import { signCheckpoint } from '../../core/ledger/checkpoint.ts';
import { deploymentOrigin, orgOrigin, timeKeyName } from '../../core/ledger/log-names.ts';
import { createCompactRange, type Hash } from '../../core/ledger/merkle.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE, utf8 } from '../../core/ledger/note.ts';
import { createTileBuilder } from '../../core/ledger/tiles.ts';
import { type CheckpointItem, readEntries, recordCheckpoints } from '../../db/queries/signing.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { openTestPool } from './database.ts';

export interface SignedCheckpoint {
  origin: string;
  number: number;
  size: number;
  note: string;
}

export interface SignedLog {
  /** Origin of the deployment log, and the key that signs it. */
  origin: string;
  vkey: string;
  /** Signs the ledger as it stands, so many times in a row; then the deployment log, once. Answers the newest checkpoint of each. */
  sign: (orgId: string, times?: number) => Promise<{ org: SignedCheckpoint; deployment: SignedCheckpoint }>;
  close: () => Promise<void>;
}

/** Checkpoints of a test's database, signed with keys of its own and recorded as the signer records them. */
export function createSignedLog(adminUrl: string, host = 'guard.example'): SignedLog {
  const sql = openTestPool({ url: adminUrl, role: 'mg_signer', maxConnections: 1 });
  const keys = { log: newKey(), time: newKey(), deployment: newKey() };
  const origin = deploymentOrigin(host);
  const timeKey = { name: timeKeyName(host), ...keys.time };
  const tree = createTileBuilder(sha256);
  const numbers = new Map<string, number>();
  let deploymentNumber = 0;

  const signed = (logKey: NoteSigner, size: number, root: Hash): string =>
    signCheckpoint({ origin: logKey.name, size, root, atMs: Date.now(), logKeys: [logKey], timeKey, sha256 });

  return {
    origin,
    vkey: formatVkey({ name: origin, type: SIGNATURE_TYPE.ed25519, publicKey: keys.deployment.publicKey }, sha256),
    async sign(org, times = 1) {
      const logKey = { name: orgOrigin(host, org), ...keys.log };
      const range = createCompactRange(sha256);
      for (const { entryHash } of await readEntries(sql, { org, fromSeq: 0, untilSeq: 100_000, limit: 100_000 }))
        range.append(bytesOfHex(entryHash) ?? new Uint8Array());
      const { size } = range;
      const root = range.root();
      const items: CheckpointItem[] = [];
      const leaves: { index: number; org: string; number: number; hash: string }[] = [];
      const tiles: { level: number; index: number; root: string }[] = [];
      for (let time = 0; time < times; time += 1) {
        const number = (numbers.get(org) ?? 0) + 1;
        numbers.set(org, number);
        const note = signed(logKey, size, root);
        items.push({ org, number, size, root: hexOf(root), note, tiles: [] });
        const hash = sha256(Uint8Array.of(0, ...sha256(utf8(note))));
        leaves.push({ index: tree.size, org, number, hash: hexOf(hash) });
        for (const tile of tree.append(hash)) tiles.push({ ...tile, root: hexOf(tile.root) });
      }
      deploymentNumber += 1;
      const deployment = { number: deploymentNumber, size: tree.size, note: signed({ name: origin, ...keys.deployment }, tree.size, tree.root()) };
      await recordCheckpoints(sql, items, { ...deployment, root: hexOf(tree.root()), leaves, tiles });
      const newest = items.at(-1) as CheckpointItem;
      return { org: { origin: logKey.name, number: newest.number, size, note: newest.note }, deployment: { origin, ...deployment } };
    },
    close: () => sql.end({ timeout: 1 }),
  };
}

function newKey(): Omit<NoteSigner, 'name'> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), sign: (message) => sign(null, message, privateKey) };
}
