import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createChainVerifier, entryText, genesisOf, leafHash } from '../../../core/ledger/chain.ts';
import type { SpineEntry } from '../../../core/ledger/chain.ts';
import { canonicalize } from '../../../core/json/canonical.ts';
import type { Json } from '../../../schemas/json.ts';
import { sha256Hex } from '../../support/ledger-records.ts';

const ORG = '0190aaaa-0000-7000-8000-000000000001';
const spec = readFileSync(join(import.meta.dirname, '../../../docs/spec/ledger-v1.md'), 'utf8');
const vectors = JSON.parse(/```json\n([\s\S]*?)```/.exec(spec)?.[1] ?? '[]') as (Omit<SpineEntry, 'org'> & { body: string })[];
const entries: SpineEntry[] = vectors.map(({ seq, kind, id, atMs, retainDays, bodyHash, entryHash }) => ({
  org: ORG,
  seq,
  kind,
  id,
  atMs,
  retainDays,
  bodyHash,
  entryHash,
}));
const head = { nextSeq: vectors.length, head: vectors.at(-1)?.entryHash ?? '' };

const verify = (changed: readonly SpineEntry[], bodies: readonly (string | undefined)[] = vectors.map(({ body }) => body), end = head): string[] => {
  const verifier = createChainVerifier(ORG, sha256Hex);
  for (const [at, entry] of changed.entries()) verifier.add(entry, bodies[at]);
  return verifier.end(end).map(({ code, seq }) => `${code} ${seq}`);
};
const withEntry = (at: number, change: Partial<SpineEntry>): SpineEntry[] => entries.map((entry, index) => (index === at ? { ...entry, ...change } : entry));

describe('the vectors of docs/spec/ledger-v1.md', () => {
  test('hold three entries, the first linked to the genesis the page names', () => {
    expect(vectors).toHaveLength(3);
    expect(spec).toContain(genesisOf(ORG, sha256Hex));
  });

  test('recompute, body hash, entry hash and link each', () => {
    let prev = genesisOf(ORG, sha256Hex);
    for (const { body, ...entry } of vectors) {
      expect(sha256Hex(body)).toBe(entry.bodyHash);
      const text = entryText({ org: ORG, ...entry }, prev);
      expect(leafHash(text, sha256Hex)).toBe(entry.entryHash);
      expect(canonicalize(JSON.parse(text) as Json)).toBe(text);
      prev = entry.entryHash;
    }
  });
});

describe('createChainVerifier', () => {
  test('finds nothing where nothing is wrong, with bodies or without', () => {
    expect(verify(entries)).toEqual([]);
    expect(verify(entries, [])).toEqual([]);
  });

  test('an empty ledger ends at its genesis', () => {
    expect(verify([], [], { nextSeq: 0, head: genesisOf(ORG, sha256Hex) })).toEqual([]);
    expect(verify([], [], head)).toEqual(['HEAD_MISMATCH 0']);
  });

  test.each([
    ['kind', { kind: 2 }],
    ['id', { id: '00000000-0000-4000-8000-000000000000' }],
    ['org', { org: '00000000-0000-4000-8000-000000000000' }],
    ['atMs', { atMs: 1_767_225_600_001 }],
    ['retainDays', { retainDays: 7 }],
    ['bodyHash', { bodyHash: 'a'.repeat(64) }],
  ])('no member of an entry can change unseen: %s', (_, change) => {
    expect(verify(withEntry(1, change), [])).toEqual(['ENTRY_MISMATCH 1']);
  });

  test('a changed entry hash breaks the entry and its successor', () => {
    expect(verify(withEntry(1, { entryHash: 'a'.repeat(64) }))).toEqual(['ENTRY_MISMATCH 1', 'ENTRY_MISMATCH 2']);
  });

  test('a changed body is told from a changed entry', () => {
    expect(verify(entries, [vectors[0]?.body, '{}', vectors[2]?.body])).toEqual(['BODY_MISMATCH 1']);
  });

  test('missing, doubled and cut entries each have their finding', () => {
    const [first, second, third] = entries as [SpineEntry, SpineEntry, SpineEntry];
    expect(verify([first, third], [])).toEqual(['GAP 1', 'ENTRY_MISMATCH 2']);
    expect(verify([first, second, second, third], [])).toEqual(['DUPLICATE_SEQ 1', 'ENTRY_MISMATCH 1']);
    expect(verify([first, second], [])).toEqual(['HEAD_MISMATCH 2']);
  });

  test('time that goes back is a finding; standing still is none', () => {
    expect(verify(withEntry(2, { atMs: 1_767_225_599_999 }), [])).toEqual(['TIME_REGRESSION 2', 'ENTRY_MISMATCH 2']);
  });

  test('the chain of one organisation is not that of another', () => {
    const verifier = createChainVerifier('00000000-0000-4000-8000-000000000000', sha256Hex);
    for (const entry of entries) verifier.add({ ...entry, org: '00000000-0000-4000-8000-000000000000' }, undefined);
    expect(verifier.end(head)[0]).toEqual({ code: 'ENTRY_MISMATCH', org: '00000000-0000-4000-8000-000000000000', seq: 0 });
  });
});
