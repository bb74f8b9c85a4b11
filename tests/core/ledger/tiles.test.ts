import { createHash } from 'node:crypto';
import { createCompactRange } from '../../../core/ledger/merkle.ts';
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../../../core/ledger/proofs.ts';
import { createTileBuilder, fullTiles, peaksOf, tilesOfPeaks } from '../../../core/ledger/tiles.ts';
import type { HashesOf, TileRoot } from '../../../core/ledger/tiles.ts';
import { leafOf, treeRoot } from '../../support/rfc6962.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const MOST = 66_000;
const leaves = Array.from({ length: MOST }, (_, at) => leafOf(Buffer.from(`leaf ${at}`)));

function built(from = 0, to = MOST): { tiles: Map<string, TileRoot>; size: number; root: Uint8Array } {
  const before = createCompactRange(sha256);
  for (const leaf of leaves.slice(0, from)) before.append(leaf);
  const builder = createTileBuilder(sha256, { size: before.size, peaks: before.peaks });
  const tiles = new Map<string, TileRoot>();
  for (const leaf of leaves.slice(from, to)) for (const tile of builder.append(leaf)) tiles.set(`${tile.level}/${tile.index}`, tile);
  return { tiles, size: builder.size, root: builder.root() };
}

const all = built();
const rootOf = (level: number, index: number): Uint8Array => all.tiles.get(`${level}/${index}`)?.root ?? Buffer.alloc(32);

/** Hashes of a tile in a ledger whose entries below `minIndex` are gone: only tile roots are left of them. */
const prunedTiles =
  (minIndex: number): HashesOf =>
  ({ level, index }) => {
    if (level > 0) {
      const count = Math.min(256, fullTiles(level - 1, MOST) - 256 * index);
      return Array.from({ length: count }, (_, at) => rootOf(level - 1, 256 * index + at));
    }
    if (256 * (index + 1) <= minIndex) throw new Error(`the hashes of tile 0/${index} are gone`);
    return leaves.slice(256 * index, 256 * index + 256);
  };

describe('createTileBuilder', () => {
  test('tells every full tile once, of both levels, with the root of its leaves', () => {
    expect(all.tiles.size).toBe(257 + 1);
    for (let index = 0; index < 257; index += 1) expect(hex(rootOf(0, index))).toBe(hex(treeRoot(leaves.slice(256 * index, 256 * index + 256))));
    expect(hex(rootOf(1, 0))).toBe(hex(treeRoot(leaves.slice(0, 65_536))));
    expect(hex(all.root)).toBe(hex(treeRoot(leaves)));
  });

  test('tells a tile with the very leaf that fills it', () => {
    const builder = createTileBuilder(sha256);
    const told = leaves.slice(0, 513).map((leaf) => builder.append(leaf).length);
    expect(told.flatMap((count, at) => (count > 0 ? [at] : []))).toEqual([255, 511]);
  });

  test.each([0, 1, 255, 256, 257, 60_000, 65_535, 65_536])('goes on from %d leaves as though it had never stopped', (from) => {
    const later = built(from);
    expect(hex(later.root)).toBe(hex(all.root));
    const expected = [...all.tiles.values()].filter(({ level, index }) => (index + 1) * 256 ** (level + 1) > from);
    expect([...later.tiles.values()]).toEqual(expected);
  });
});

describe('peaksOf', () => {
  test.each([0, 1, 255, 256, 300, 65_535, 65_536, 65_999])('the tiles that it announces give the peaks of %d leaves', (size) => {
    const range = createCompactRange(sha256);
    for (const leaf of leaves.slice(0, size)) range.append(leaf);
    const names = tilesOfPeaks(size).map(({ level, index }) => `${level}/${index}`);
    const hashesOf: HashesOf = (tile) => {
      expect(names).toContain(`${tile.level}/${tile.index}`);
      return prunedTiles(0)(tile);
    };
    expect(peaksOf(size, hashesOf, sha256).map(hex)).toEqual(range.peaks.map(hex));
  });
});

describe('a pruned ledger', () => {
  const roots = new Map<number, Uint8Array>();
  const treeRootAt = (size: number): Uint8Array => {
    const root = roots.get(size) ?? createRoot(size);
    roots.set(size, root);
    return root;
  };
  const createRoot = (size: number): Uint8Array => {
    const range = createCompactRange(sha256);
    for (const leaf of leaves.slice(0, size)) range.append(leaf);
    return range.root();
  };

  test('proves every entry that is left, and growth between any sizes that are left, wherever it was pruned', () => {
    const size = 2_700;
    for (let minIndex = 0; minIndex <= 2_560; minIndex += 256) {
      const hashesOf = prunedTiles(minIndex);
      for (let index = minIndex; index < size; index += 37) {
        const proof = inclusionProof({ index, size, hashesOf, sha256 });
        expect(verifyInclusion({ index, size, leaf: leaves[index] ?? Buffer.alloc(32), proof, root: treeRootAt(size), sha256 })).toBe(true);
      }
      for (let from = minIndex; from <= size; from += 111) {
        const proof = consistencyProof({ from, to: size, hashesOf, sha256 });
        expect(verifyConsistency({ from, to: size, fromRoot: treeRootAt(from), toRoot: treeRootAt(size), proof, sha256 })).toBe(true);
      }
    }
  });

  test('proves growth from every size that ended a tile, pruned or not', () => {
    const hashesOf = prunedTiles(2_560);
    for (let from = 256; from <= 2_560; from += 256) {
      const proof = consistencyProof({ from, to: 2_700, hashesOf, sha256 });
      expect(verifyConsistency({ from, to: 2_700, fromRoot: treeRootAt(from), toRoot: treeRootAt(2_700), proof, sha256 })).toBe(true);
    }
  });

  test('cannot prove an entry that is gone', () => {
    expect(() => inclusionProof({ index: 100, size: 2_700, hashesOf: prunedTiles(256), sha256 })).toThrow('are gone');
  });
});
