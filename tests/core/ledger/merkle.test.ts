import { createHash } from 'node:crypto';
import { createCompactRange, emptyRoot, equalHashes, hashNode, rootOfPeaks } from '../../../core/ledger/merkle.ts';
import { leafOf, treeRoot } from '../../support/rfc6962.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const leaves = Array.from({ length: 1_100 }, (_, at) => leafOf(Buffer.from(`leaf ${at}`)));

/** The tree that the reference implementations of Certificate Transparency are tested with. */
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const CT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('createCompactRange', () => {
  test('gives the roots of the tree of Certificate Transparency at every size', () => {
    const range = createCompactRange(sha256);
    const roots = [hex(range.root())];
    for (const leaf of CT_LEAVES) {
      range.append(leafOf(Buffer.from(leaf, 'hex')));
      roots.push(hex(range.root()));
    }
    expect(roots).toEqual(CT_ROOTS);
    expect(hex(emptyRoot(sha256))).toBe(CT_ROOTS[0]);
  });

  test('gives the root that RFC 6962 defines, at every size to 600', () => {
    const range = createCompactRange(sha256);
    for (let size = 0; size <= 600; size += 1) {
      expect(range.size).toBe(size);
      expect(hex(range.root())).toBe(hex(treeRoot(leaves.slice(0, size))));
      range.append(leaves[size] ?? Buffer.alloc(32));
    }
  });

  test('goes on from its peaks as though it had never stopped', () => {
    for (const stop of [0, 1, 2, 255, 256, 257, 1_000]) {
      const first = createCompactRange(sha256);
      for (const leaf of leaves.slice(0, stop)) first.append(leaf);
      const second = createCompactRange(sha256, { size: first.size, peaks: first.peaks });
      for (const leaf of leaves.slice(stop)) second.append(leaf);
      expect(hex(second.root())).toBe(hex(treeRoot(leaves)));
      expect(hex(first.root())).toBe(hex(treeRoot(leaves.slice(0, stop))));
    }
  });

  test('goes on beyond 2^31 leaves', () => {
    // 32 peaks, then one leaf that joins them all.
    const peaks = leaves.slice(0, 32);
    const range = createCompactRange(sha256, { size: 2 ** 32 - 1, peaks });
    range.append(leaves[32] ?? Buffer.alloc(32));
    expect(range.size).toBe(2 ** 32);
    expect(hex(range.root())).toBe(hex(rootOfPeaks([...peaks, leaves[32] ?? Buffer.alloc(32)], sha256)));
    expect(range.peaks).toHaveLength(1);
  });

  test('its peaks are a copy', () => {
    const range = createCompactRange(sha256);
    range.append(leaves[0] ?? Buffer.alloc(32));
    range.peaks.pop();
    expect(range.peaks).toHaveLength(1);
  });

  test('refuses a start with another number of peaks than its size has', () => {
    expect(() => createCompactRange(sha256, { size: 3, peaks: leaves.slice(0, 1) })).toThrow('a tree of 3 leaves has 2 peaks, not 1');
    expect(() => createCompactRange(sha256, { size: 0, peaks: leaves.slice(0, 1) })).toThrow(RangeError);
  });
});

describe('hashNode', () => {
  test('hashes 0x01 and both sides', () => {
    const [left, right] = leaves as [Buffer, Buffer];
    expect(hex(hashNode(left, right, sha256))).toBe(hex(sha256(Buffer.concat([Buffer.of(1), left, right]))));
  });
});

describe('equalHashes', () => {
  test('tells hashes apart by any byte and by length', () => {
    const hash = Buffer.alloc(32, 7);
    expect(equalHashes(hash, Buffer.alloc(32, 7))).toBe(true);
    expect(equalHashes(hash, Buffer.alloc(31, 7))).toBe(false);
    for (let at = 0; at < 32; at += 1) {
      const other = Buffer.from(hash);
      other[at] = 8;
      expect(equalHashes(hash, other)).toBe(false);
    }
  });
});
