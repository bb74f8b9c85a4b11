import * as fc from 'fast-check';
import { earlierPurges, type PreviousPurge, subsumes } from '../../../core/ledger/earlier-purges.ts';
import { DAY_MS, type EarlierPurge, explains, isPurgeable, NOTICE_MS, type PurgeStatement } from '../../../core/ledger/retention.ts';
import { anyEntry, anyPurge, anyRules, anyTime } from './any-purge.ts';

const AT = Date.UTC(2026, 2, 1);
const first: PreviousPurge = { seq: 130, at: AT, upTo: 100, extended: [], reduced: null, held: [] };
const hold = { id: 'hld_1', from: null, until: null };
const later = { atMs: AT + DAY_MS, minIndex: 0, upTo: 120 };

describe('what a statement keeps of earlier ones', () => {
  test('is nothing where nothing came before', () => {
    expect(earlierPurges(null, { ...first, ...later })).toEqual([]);
  });

  test('is nothing where the rules have stayed, or let more go', () => {
    expect(earlierPurges(first, { ...first, ...later })).toEqual([]);
    expect(earlierPurges({ ...first, held: [hold] }, { ...first, ...later })).toEqual([]);
    expect(earlierPurges(first, { ...first, ...later, reduced: { beforeSeq: 100, days: 7, noticeAt: AT - NOTICE_MS, effectiveAt: AT } })).toEqual([]);
  });

  test('is the purge before a hold, an extension, or a reduction that was taken back', () => {
    expect(earlierPurges(first, { ...first, ...later, held: [hold] })).toEqual([first]);
    expect(earlierPurges(first, { ...first, ...later, extended: [{ beforeSeq: 100, days: 2555 }] })).toEqual([first]);
    const reduced = { ...first, reduced: { beforeSeq: 100, days: 7, noticeAt: AT - NOTICE_MS, effectiveAt: AT } };
    expect(earlierPurges(reduced, { ...first, ...later })).toEqual([reduced]);
  });

  test('is nothing of entries that are gone from the spine', () => {
    expect(earlierPurges(first, { ...first, ...later, minIndex: 100, held: [hold] })).toEqual([]);
    expect(earlierPurges(first, { ...first, ...later, minIndex: 99, held: [hold] })).toEqual([first]);
  });

  test('grows by one with each hold, and shrinks to nothing when the holds are released', () => {
    let previous: PreviousPurge = first;
    for (let count = 1; count <= 5; count += 1) {
      const held = Array.from({ length: count }, (_, index) => ({ id: `hld_${index}`, from: AT + index * DAY_MS, until: AT + index * DAY_MS }));
      const next = { ...first, upTo: 100 + count, held };
      const earlier = earlierPurges(previous, { ...next, atMs: AT + count * DAY_MS, minIndex: 0 });
      expect(earlier).toHaveLength(count);
      previous = { ...next, at: AT + count * DAY_MS, earlier };
    }
    expect(earlierPurges(previous, { ...first, atMs: AT + 10 * DAY_MS, minIndex: 0, upTo: 200 })).toEqual([]);
  });

  test('explains all that any of them did, over any history of purges', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(anyRules, { minLength: 1, maxLength: 5 }), fc.array(anyTime, { minLength: 5, maxLength: 5 }), (entry, history, times) => {
        const sorted = times.toSorted((a, b) => a - b);
        let previous: PreviousPurge | null = null;
        let wasGone = false;
        let upTo = 0;
        for (const [index, rules] of history.entries()) {
          const atMs = sorted[index] ?? 0;
          // What a purge covers never shrinks.
          upTo = Math.max(upTo, rules.upTo);
          const next = { ...rules, upTo };
          wasGone ||= isPurgeable(entry, { ...next, purgedAtMs: atMs });
          previous = { ...next, seq: index, at: atMs, earlier: earlierPurges(previous, { ...next, atMs, minIndex: 0 }) };
          const statement: PurgeStatement = {
            ...previous,
            counts: { agentEvents: 0, hitlDecisions: 0, auditRecords: 0, policyViolations: 0 },
            minIndex: 0,
            anchorHash: null,
          };
          if (wasGone) expect(explains({ ...statement, purgedAtMs: atMs }, entry)).toBe('explained');
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('a purge that makes another one unnecessary allows all that one does', () => {
  // One pair in eighty: as a precondition it would now and then be met too seldom.
  let compared = 0;
  fc.assert(
    fc.property(anyEntry, anyPurge, anyPurge, (entry, wide, narrow) => {
      if (!subsumes(wide, narrow)) return;
      compared += 1;
      const allowed = ({ at, ...rules }: EarlierPurge): boolean => isPurgeable(entry, { ...rules, purgedAtMs: at });
      if (allowed(narrow)) expect(allowed(wide)).toBe(true);
    }),
    { numRuns: 25_000 },
  );
  expect(compared).toBeGreaterThan(100);
});
