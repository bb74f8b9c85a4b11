import { createHash, createPublicKey, verify } from 'node:crypto';
import { hexOf } from '../../../core/encoding/hex.ts';
import { openCheckpoint } from '../../../core/ledger/checkpoint.ts';
import type { Hash } from '../../../core/ledger/merkle.ts';
import { parseVkey } from '../../../core/ledger/note.ts';
import type { Ed25519Verify, Vkey } from '../../../core/ledger/note.ts';
import { verifyConsistency, verifyInclusion } from '../../../core/ledger/proofs.ts';
import type { ConsistencyProof, EntryProof } from '../../../schemas/audit.ts';

/** Something that a receipt promises. */
export interface Receipt {
  seq: number;
  entryHash: string;
}

export interface SharedWitness {
  /** Size of the newest checkpoint that any reader has seen. */
  readonly size: number;
  readonly seen: number;
  readonly proven: number;
  /** What was wrong, in words. */
  readonly findings: readonly string[];
  /** A checkpoint that a reader was shown. It must be of the history that all readers have seen so far; `prove` fetches the proof of that. */
  meet: (note: string, prove: (from: number, to: number) => Promise<ConsistencyProof>) => Promise<void>;
  /** A proof that a reader was shown for something it has a receipt for, in whatever checkpoint it speaks of. */
  check: (receipt: Receipt, proof: EntryProof, prove: (from: number, to: number) => Promise<ConsistencyProof>) => Promise<void>;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const SPKI_OF_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
const verifyEd25519: Ed25519Verify = (publicKey, message, signature) =>
  verify(null, message, createPublicKey({ key: Buffer.concat([SPKI_OF_ED25519, publicKey]), format: 'der', type: 'spki' }), signature);
const bytesOf = (hex: string): Hash => Buffer.from(hex, 'hex');

/**
 * The memory that all readers of a drill share: whatever any of them is shown must be consistent with the newest checkpoint that any of them
 * has seen. This is what outsiders who compare notes would find.
 */
export function createSharedWitness(vkeys: readonly string[]): SharedWitness {
  const keys = vkeys.map((vkey) => parseVkey(vkey, sha256)).filter((vkey): vkey is Vkey => vkey !== undefined);
  const rootOfSize = new Map<number, string>();
  const findings: string[] = [];
  let newest: { size: number; root: Hash } = { size: 0, root: sha256(new Uint8Array(0)) };
  let seen = 0;
  let proven = 0;
  const find = (what: string): void => void findings.push(what);

  const meet: SharedWitness['meet'] = async (note, prove) => {
    const checkpoint = openCheckpoint(note, keys, verifyEd25519);
    if ('problem' in checkpoint) return find(`a checkpoint with ${checkpoint.problem}`);
    const { size, root } = checkpoint;
    const known = rootOfSize.get(size);
    if (known !== undefined && known !== hexOf(root)) return find(`two roots of ${size} entries`);
    seen += 1;
    if (known !== undefined) return undefined;
    const [older, newer] = size < newest.size ? [{ size, root }, newest] : [newest, { size, root }];
    const { proof } = await prove(older.size, newer.size);
    const isConsistent = verifyConsistency({ from: older.size, to: newer.size, fromRoot: older.root, toRoot: newer.root, proof: proof.map(bytesOf), sha256 });
    if (!isConsistent) return find(`the ledger of ${newer.size} entries does not begin with the one of ${older.size}`);
    rootOfSize.set(size, hexOf(root));
    if (size > newest.size) newest = { size, root };
    return undefined;
  };

  return {
    get size() {
      return newest.size;
    },
    get seen() {
      return seen;
    },
    get proven() {
      return proven;
    },
    findings,
    meet,
    async check({ seq, entryHash }, { entry, text, checkpoint, inclusion }, prove) {
      await meet(checkpoint.note, prove);
      const opened = openCheckpoint(checkpoint.note, keys, verifyEd25519);
      if ('problem' in opened) return;
      const leaf = sha256(Buffer.concat([Buffer.of(0), Buffer.from(text)]));
      if (entry.seq !== seq || entry.entryHash !== entryHash || hexOf(leaf) !== entryHash) return find(`entry ${seq} is not the one of its receipt`);
      const isIncluded = verifyInclusion({ index: seq, size: opened.size, leaf, proof: inclusion.map(bytesOf), root: opened.root, sha256 });
      if (isIncluded) proven += 1;
      else find(`entry ${seq} is not in the tree of ${opened.size}`);
    },
  };
}
