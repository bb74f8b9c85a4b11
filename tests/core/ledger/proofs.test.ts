import { hash } from 'node:crypto';
import type { Hash } from '../../../core/ledger/merkle.ts';
import { consistencyProof, inclusionProof, tilesOfConsistency, tilesOfInclusion, verifyConsistency, verifyInclusion } from '../../../core/ledger/proofs.ts';
import type { HashesOf, TileRef } from '../../../core/ledger/tiles.ts';
import { consistencyPath, inclusionPath, leafOf, treeRoot } from '../../support/rfc6962.ts';

/** Proofs of all sizes hash the same nodes again and again. */
const known = new Map<string, Uint8Array>();
const sha256 = (bytes: Uint8Array): Uint8Array => {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = hash('sha256', bytes, 'buffer')));
  return found;
};
const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map((each) => Buffer.from(each).toString('hex'));

const MOST = 300;
const leaves = Array.from({ length: MOST }, (_, at) => leafOf(Buffer.from(`leaf ${at}`)));
const roots = Array.from({ length: MOST + 1 }, (_, size) => treeRoot(leaves.slice(0, size)));
const rootOf = (size: number): Hash => roots[size] ?? Buffer.alloc(32);
const leafAt = (index: number): Hash => leaves[index] ?? Buffer.alloc(32);

/** Of the smaller trees every number, of the larger ones the edges and every seventh, beginning elsewhere at each size. */
const numbersBelow = (size: number): number[] =>
  Array.from({ length: size }, (_, at) => at).filter((at) => size <= 66 || at < 2 || at >= size - 2 || (at + size) % 7 === 0);

/** The tiles of the tree of all leaves; asked for anything but what was announced, once each, it fails. */
function tilesAnnounced(announced: readonly TileRef[]): HashesOf {
  const names = new Set(announced.map(({ level, index }) => `${level}/${index}`));
  if (names.size !== announced.length) throw new Error('a tile was announced twice');
  return (tile) => {
    if (!names.has(`${tile.level}/${tile.index}`)) throw new Error(`tile ${tile.level}/${tile.index} was not announced`);
    return allTiles(tile);
  };
}

const tiles = [leaves.slice(0, 256), leaves.slice(256)];
const allTiles: HashesOf = ({ level, index }) => (level === 0 ? (tiles[index] ?? []) : [rootOf(256)]);

/** What the first tests have made, for those that spoil it. */
const inclusions = new Map<string, Hash[]>();
const consistencies = new Map<string, Hash[]>();

/** Ways in which a proof can be wrong, one after the other. */
function spoiled(proof: readonly Hash[], turn: number): Hash[] {
  const at = turn % Math.max(1, proof.length);
  const flipped = Buffer.from(proof[at] ?? Buffer.alloc(32));
  flipped[turn % 32] = (flipped[turn % 32] ?? 0) ^ (1 << (turn % 8));
  const ways = [
    [...proof, leafAt(turn % MOST)],
    [leafAt(turn % MOST), ...proof],
    proof.length > 0 ? proof.with(at, flipped) : [flipped],
    proof.length > 0 ? proof.toSpliced(at, 1) : [flipped],
    proof.length > 1 ? [...proof.slice(1), proof[0] as Hash] : [flipped],
    proof.length > 0 ? proof.with(at, flipped.subarray(0, 31)) : [flipped],
  ];
  return ways[turn % ways.length] as Hash[];
}

describe('inclusion proofs of all sizes to 300', () => {
  test('are those of RFC 9162, are made of the tiles that were announced, and verify', () => {
    for (let size = 1; size <= MOST; size += 1) {
      for (const index of numbersBelow(size)) {
        const proof = inclusionProof({ index, size, hashesOf: tilesAnnounced(tilesOfInclusion(index, size)), sha256 });
        inclusions.set(`${index}/${size}`, proof);
        // The plain definition is slow: of the smaller trees all, of the larger ones some.
        if (size <= 40 || (index * 7 + size) % 97 === 0) expect(hex(proof)).toEqual(hex(inclusionPath(index, leaves.slice(0, size))));
        if (!verifyInclusion({ index, size, leaf: leafAt(index), proof, root: rootOf(size), sha256 })) throw new Error(`${index} in ${size} does not verify`);
      }
    }
  });

  test('verify no more when anything about them is changed', () => {
    let turn = 0;
    for (let size = 1; size <= MOST; size += 1) {
      for (const index of numbersBelow(size)) {
        turn += 1;
        const good = { index, size, leaf: leafAt(index), proof: inclusionPathOf(index, size), root: rootOf(size), sha256 };
        const wrong = [
          { ...good, proof: spoiled(good.proof, turn) },
          { ...good, leaf: leafAt((index + 1) % MOST) },
          { ...good, root: rootOf(size - 1) },
          { ...good, index: size },
          { ...good, index: -1 },
          ...(size > 1 ? [{ ...good, index: (index + 1 + (turn % (size - 1))) % size }] : []),
        ];
        for (const each of wrong) if (verifyInclusion(each)) throw new Error(`${index} in ${size}: a wrong proof verifies`);
      }
    }
  });

  test('a size that has another shape does not take the proof of this one', () => {
    const proof = inclusionPathOf(2, 7);
    for (let size = 3; size <= 20; size += 1) {
      const verifies = verifyInclusion({ index: 2, size, leaf: leafAt(2), proof, root: rootOf(7), sha256 });
      // Seven and eight leaves have the same path to leaf 2: the size is part of what is signed, not of the proof.
      if (verifies) expect([5, 6, 7, 8]).toContain(size);
    }
  });
});

describe('consistency proofs of all sizes to 300', () => {
  test('are those of RFC 9162, are made of the tiles that were announced, and verify', () => {
    for (let to = 0; to <= MOST; to += 1) {
      for (const from of [...numbersBelow(to), to]) {
        const proof = consistencyProof({ from, to, hashesOf: tilesAnnounced(tilesOfConsistency(from, to)), sha256 });
        consistencies.set(`${from}/${to}`, proof);
        if (from > 0 && (to <= 40 || (from * 7 + to) % 97 === 0)) expect(hex(proof)).toEqual(hex(consistencyPath(from, leaves.slice(0, to))));
        const verifies = verifyConsistency({ from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof, sha256 });
        if (!verifies) throw new Error(`${from} to ${to} does not verify`);
      }
    }
  });

  test('verify no more when anything about them is changed', () => {
    let turn = 0;
    for (let to = 1; to <= MOST; to += 1) {
      for (const from of [...numbersBelow(to), to]) {
        turn += 1;
        const proof = consistencies.get(`${from}/${to}`) ?? consistencyProof({ from, to, hashesOf: allTiles, sha256 });
        const good = { from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof, sha256 };
        const wrong = [
          { ...good, proof: spoiled(proof, turn) },
          { ...good, fromRoot: leafAt(turn % MOST), toRoot: from === to ? rootOf(to - 1) : rootOf(to) },
          ...(from === 0
            ? []
            : [
                { ...good, toRoot: rootOf(to - 1) },
                { ...good, from: to + 1 },
              ]),
        ];
        for (const each of wrong) {
          // One leaf is its own root.
          if (from === 1 && equal(each.fromRoot, rootOf(1)) && each.proof === proof && equal(each.toRoot, rootOf(to))) continue;
          if (verifyConsistency(each)) throw new Error(`${from} to ${to}: a wrong proof verifies`);
        }
      }
    }
  });
});

describe('what cannot be proved', () => {
  test.each([
    [0, 0],
    [5, 5],
    [-1, 5],
    [0.5, 5],
  ])('leaf %d of %d leaves', (index, size) => {
    expect(() => tilesOfInclusion(index, size)).toThrow(RangeError);
    expect(() => inclusionProof({ index, size, hashesOf: allTiles, sha256 })).toThrow(RangeError);
  });

  test('a tree that shrinks', () => {
    expect(() => tilesOfConsistency(6, 5)).toThrow(RangeError);
    expect(() => consistencyProof({ from: 6, to: 5, hashesOf: allTiles, sha256 })).toThrow(RangeError);
  });

  test('anything out of tiles that lack a hash', () => {
    const hashesOf: HashesOf = () => leaves.slice(0, 100);
    expect(() => inclusionProof({ index: 3, size: 200, hashesOf, sha256 })).toThrow('tile 0/0 has no hashes');
  });
});

const inclusionPathOf = (index: number, size: number): Hash[] =>
  inclusions.get(`${index}/${size}`) ?? inclusionProof({ index, size, hashesOf: allTiles, sha256 });
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
