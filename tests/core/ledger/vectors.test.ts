import { createHash, createPublicKey, sign, verify as verifySignature } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryText, leafHash } from '../../../core/ledger/chain.ts';
import type { SpineEntry } from '../../../core/ledger/chain.ts';
import { openCheckpoint, signCheckpoint } from '../../../core/ledger/checkpoint.ts';
import { createCompactRange, emptyRoot } from '../../../core/ledger/merkle.ts';
import { parseVkey } from '../../../core/ledger/note.ts';
import { formatProofFile, parseProofFile } from '../../../core/ledger/proof-file.ts';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../../core/ledger/proofs.ts';
import type { TileRef } from '../../../core/ledger/tiles.ts';
import { deploymentLeaf } from '../../support/ledger-export.ts';
import { sha256Hex } from '../../support/ledger-records.ts';
import { signedNote, testKey } from '../../support/note-signer.ts';
import type { TestKey } from '../../support/note-signer.ts';
import { consistencyPath, inclusionPath, leafOf, treeRoot } from '../../support/rfc6962.ts';

const ORG = '0190aaaa-0000-7000-8000-000000000001';
const ORIGIN = `ledger.example.com/mg/org/${ORG}`;
const TILE = 256;

interface Inclusion {
  index: number;
  size: number;
  proof: string[];
}

interface Consistency {
  from: number;
  to: number;
  proof: string[];
}

interface LedgerVectors {
  text: string;
  emptyRoot: string;
  roots: string[];
  inclusion: Inclusion[];
  consistency: Consistency[];
  logKey: { seed: string; vkey: string };
  timeKey: { seed: string; vkey: string };
  seconds: number;
  note: string;
  deploymentLeaf: string;
  tlogProof: string;
}

interface TreeVectors {
  tile: string;
  root: string;
  inclusion: Inclusion;
  consistency: Consistency;
}

const spec = readFileSync(join(import.meta.dirname, '../../../docs/spec/ledger-v1.md'), 'utf8');
const [entries, ledger, tree] = [...spec.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json) as unknown) as [
  SpineEntry[],
  LedgerVectors,
  TreeVectors,
];

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');
const leaves = entries.map(({ entryHash }) => bytesOf(entryHash));
const manyLeaves = Array.from({ length: 300 }, (_, index) => leafOf(Buffer.from(String(index))));

const logKey = testKey(ORIGIN, 1, bytesOf(ledger.logKey.seed));
const timeKey = testKey('ledger.example.com/mg/time', 4, bytesOf(ledger.timeKey.seed));
const signerOf = ({ name, privateKey }: TestKey) => ({
  name,
  publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(12),
  sign: (message: Uint8Array): Uint8Array => sign(null, message, privateKey),
});
const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const der = Buffer.concat([bytesOf('302a300506032b6570032100'), publicKey]);
  return verifySignature(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
};

function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const range = createCompactRange(sha256);
  for (const hash of hashes) range.append(hash);
  return range.root();
}

/** The hashes of a tile of a tree of fewer than 65,536 leaves. */
const hashesIn =
  (all: readonly Buffer[]) =>
  ({ level, index }: TileRef): Uint8Array[] =>
    level === 0
      ? all.slice(index * TILE, (index + 1) * TILE)
      : Array.from({ length: Math.floor(all.length / TILE) }, (_, tile) => rootOf(all.slice(tile * TILE, (tile + 1) * TILE)));

describe('the vectors of docs/spec/ledger-v1.md, recomputed by the product', () => {
  test('the text of an entry is what its hash is taken of', () => {
    const [first, second] = entries as [SpineEntry, SpineEntry];
    expect(entryText({ ...second, org: ORG }, first.entryHash)).toBe(ledger.text);
    expect(leafHash(ledger.text, sha256Hex)).toBe(second.entryHash);
  });

  test('roots', () => {
    expect(hexOf(emptyRoot(sha256))).toBe(ledger.emptyRoot);
    expect([1, 2, 3].map((size) => hexOf(rootOf(leaves.slice(0, size))))).toEqual(ledger.roots);
    expect(hexOf(rootOf(manyLeaves.slice(0, TILE)))).toBe(tree.tile);
    expect(hexOf(rootOf(manyLeaves))).toBe(tree.root);
  });

  test.each([...ledger.inclusion.map((each) => [each, leaves] as const), [tree.inclusion, manyLeaves] as const])(
    'inclusion %#',
    ({ index, size, proof }, all) => {
      const hashes = inclusionProof({ index, size, hashesOf: hashesIn(all), sha256 });
      expect(hashes.map(hexOf)).toEqual(proof);
      const root = rootOf(all.slice(0, size));
      expect(verifyInclusion({ index, size, leaf: all[index] ?? Buffer.of(), proof: hashes, root, sha256 })).toBe(true);
    },
  );

  test.each([...ledger.consistency.map((each) => [each, leaves] as const), [tree.consistency, manyLeaves] as const])(
    'consistency %#',
    ({ from, to, proof }, all) => {
      const hashes = consistencyProof({ from, to, hashesOf: hashesIn(all), sha256 });
      expect(hashes.map(hexOf)).toEqual(proof);
      const [fromRoot, toRoot] = [rootOf(all.slice(0, from)), rootOf(all.slice(0, to))];
      expect(verifyConsistency({ from, to, fromRoot, toRoot, proof: hashes, sha256 })).toBe(true);
    },
  );

  test('the checkpoint is signed and opened', () => {
    const root = bytesOf(ledger.roots[2] ?? '');
    const note = signCheckpoint({
      origin: ORIGIN,
      size: 3,
      root,
      atMs: ledger.seconds * 1_000 + 999,
      logKeys: [signerOf(logKey)],
      timeKey: signerOf(timeKey),
      sha256,
    });
    expect(note).toBe(ledger.note);
    const vkeys = [ledger.logKey.vkey, ledger.timeKey.vkey].flatMap((vkey) => parseVkey(vkey, sha256) ?? []);
    const opened = openCheckpoint(ledger.note, vkeys, verify, { origin: ORIGIN });
    expect(opened).toMatchObject({ origin: ORIGIN, size: 3, atMs: ledger.seconds * 1_000 });
    expect('root' in opened && hexOf(opened.root)).toBe(ledger.roots[2]);
  });

  test('the proof file is written and read', () => {
    const file = { index: 1, proof: (ledger.inclusion[1]?.proof ?? []).map(bytesOf), checkpoint: ledger.note };
    expect(formatProofFile(file)).toBe(ledger.tlogProof);
    const parsed = parseProofFile(ledger.tlogProof);
    expect(parsed).toMatchObject({ index: 1, checkpoint: ledger.note });
    expect(parsed?.proof.map(hexOf)).toEqual(ledger.inclusion[1]?.proof);
  });
});

describe('the vectors of docs/spec/ledger-v1.md, recomputed from the RFC and C2SP', () => {
  test('roots and proofs', () => {
    expect(hexOf(treeRoot([]))).toBe(ledger.emptyRoot);
    expect([1, 2, 3].map((size) => hexOf(treeRoot(leaves.slice(0, size))))).toEqual(ledger.roots);
    expect(hexOf(treeRoot(manyLeaves.slice(0, TILE)))).toBe(tree.tile);
    expect(hexOf(treeRoot(manyLeaves))).toBe(tree.root);
    for (const { index, size, proof } of ledger.inclusion) expect(inclusionPath(index, leaves.slice(0, size)).map(hexOf)).toEqual(proof);
    for (const { from, proof } of ledger.consistency) expect(consistencyPath(from, leaves).map(hexOf)).toEqual(proof);
    expect(inclusionPath(tree.inclusion.index, manyLeaves).map(hexOf)).toEqual(tree.inclusion.proof);
    expect(consistencyPath(tree.consistency.from, manyLeaves).map(hexOf)).toEqual(tree.consistency.proof);
  });

  test('keys, note and its leaf in the deployment log', () => {
    expect([logKey.vkey, timeKey.vkey]).toEqual([ledger.logKey.vkey, ledger.timeKey.vkey]);
    expect(signedNote({ origin: ORIGIN, size: 3, root: treeRoot(leaves), seconds: ledger.seconds, keys: [logKey, timeKey] })).toBe(ledger.note);
    expect(hexOf(deploymentLeaf(ledger.note))).toBe(ledger.deploymentLeaf);
  });
});
