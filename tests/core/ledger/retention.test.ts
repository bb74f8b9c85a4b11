import * as fc from 'fast-check';
import {
  DAY_MS,
  expiryMs,
  explains,
  isHeld,
  isPurgeable,
  NOTICE_MS,
  type PurgeRules,
  type PurgeStatement,
  type Reduction,
} from '../../../core/ledger/retention.ts';
import { anyEntry, anyExtension, anyPurge, anyReduction, anyRules, anyTime } from './any-purge.ts';

const NONE = { extended: [], reduced: null } as const;
const AT = Date.UTC(2026, 2, 1, 12);
const entry = { seq: 10, atMs: AT, retainDays: 90 };

const reduction = (changes: Partial<Reduction> = {}): Reduction => {
  const noticeAt = changes.noticeAt ?? AT;
  return { beforeSeq: 100, days: 7, noticeAt, effectiveAt: noticeAt + NOTICE_MS, ...changes };
};

const statementOf = (rules: PurgeRules, purgedAtMs: number): PurgeStatement & { purgedAtMs: number } => ({
  ...rules,
  purgedAtMs,
  counts: { agentEvents: 0, hitlDecisions: 0, auditRecords: 0, policyViolations: 0 },
  minIndex: 0,
  anchorHash: null,
});

describe('expiry', () => {
  test('is the time of the entry and its days, of 24 hours each', () => {
    expect(expiryMs(entry, NONE)).toBe(AT + 90 * 86_400_000);
  });

  test.each([
    ['an extension before it', [{ beforeSeq: 10, days: 2555 }], 90],
    ['an extension behind it', [{ beforeSeq: 11, days: 2555 }], 2555],
    ['an extension shorter than its own days', [{ beforeSeq: 11, days: 7 }], 90],
    [
      'several: the longest that reaches it',
      [
        { beforeSeq: 10, days: 2555 },
        { beforeSeq: 50, days: 180 },
        { beforeSeq: 60, days: 120 },
      ],
      180,
    ],
  ])('with %s', (_, extended, days) => {
    expect(expiryMs(entry, { extended, reduced: null })).toBe(AT + days * DAY_MS);
  });

  test.each([
    ['takes effect at its day where the body is older than its days by then', reduction(), AT + NOTICE_MS],
    ['counts its days from the entry where that is later', reduction({ noticeAt: AT - 25 * DAY_MS }), AT + 7 * DAY_MS],
    ['does not reach entries from its number on', reduction({ beforeSeq: 10 }), AT + 90 * DAY_MS],
    ['lengthens nothing', reduction({ days: 2555, noticeAt: AT }), AT + 90 * DAY_MS],
    ['counts for nothing with a shorter notice', reduction({ effectiveAt: AT + NOTICE_MS - 1 }), AT + 90 * DAY_MS],
  ])('a reduction %s', (_, reduced, expected) => {
    expect(expiryMs(entry, { extended: [], reduced })).toBe(expected);
  });

  test('a reduction takes back an extension as well', () => {
    expect(expiryMs(entry, { extended: [{ beforeSeq: 100, days: 2555 }], reduced: reduction() })).toBe(AT + NOTICE_MS);
  });

  test('is never before the days it was written with, unless a reduction was announced', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(anyExtension), (one, extended) => expiryMs(one, { extended, reduced: null }) >= one.atMs + one.retainDays * DAY_MS),
    );
  });

  test('an extension brings no expiry forward, and a reduction none back', () => {
    fc.assert(
      fc.property(anyEntry, anyRules, anyExtension, (one, rules, extension) => {
        const before = expiryMs(one, rules);
        expect(expiryMs(one, { ...rules, extended: [...rules.extended, extension] })).toBeGreaterThanOrEqual(before);
        expect(expiryMs(one, { ...rules, reduced: null })).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test('a reduction takes nothing before its day, and nothing before its days are over', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(anyExtension), anyReduction, (one, extended, reduced) => {
        const expiry = expiryMs(one, { extended, reduced });
        const without = expiryMs(one, { extended, reduced: null });
        if (expiry === without) return;
        expect(expiry).toBeGreaterThanOrEqual(reduced.effectiveAt);
        expect(expiry).toBeGreaterThanOrEqual(one.atMs + reduced.days * DAY_MS);
        expect(reduced.effectiveAt - reduced.noticeAt).toBeGreaterThanOrEqual(NOTICE_MS);
      }),
    );
  });
});

test.each([
  [null, null, true],
  [AT, AT, true],
  [AT + 1, null, false],
  [null, AT - 1, false],
  [AT - 1, AT + 1, true],
])('a hold from %p until %p holds what was recorded between them: %p', (from, until, held) => {
  expect(isHeld(AT, [{ id: 'hld_1', from, until }])).toBe(held);
});

describe('the newest purge entry', () => {
  const due = AT + 90 * DAY_MS;
  const rules: PurgeRules = { upTo: 11, extended: [], reduced: null, held: [] };

  test.each<[string, PurgeStatement & { purgedAtMs: number }, string]>([
    ['explains what was due', statementOf(rules, due), 'explained'],
    ['does not explain what was not due by a millisecond', statementOf(rules, due - 1), 'premature'],
    ['does not explain what was held', statementOf({ ...rules, held: [{ id: 'h', from: AT, until: AT }] }, due), 'premature'],
    ['does not explain what was extended', statementOf({ ...rules, extended: [{ beforeSeq: 11, days: 91 }] }, due), 'premature'],
    ['does not speak of entries from `upTo` on', statementOf({ ...rules, upTo: 10 }, due + DAY_MS), 'uncovered'],
    [
      'explains what an earlier one took, whatever came later',
      { ...statementOf({ ...rules, held: [{ id: 'h', from: null, until: null }] }, due + DAY_MS), earlier: [{ at: due, ...rules }] },
      'explained',
    ],
    [
      'does not let an earlier one reach further than it could',
      { ...statementOf({ ...rules, held: [{ id: 'h', from: null, until: null }] }, due + DAY_MS), earlier: [{ at: due, ...rules, upTo: 10 }] },
      'premature',
    ],
    [
      'does not let an earlier one be later than itself',
      { ...statementOf({ ...rules, extended: [{ beforeSeq: 11, days: 91 }] }, due - 1), earlier: [{ at: due, ...rules }] },
      'premature',
    ],
    [
      'does not let an earlier one speak for entries it does not reach itself',
      { ...statementOf({ ...rules, upTo: 10 }, due), earlier: [{ at: due, ...rules }] },
      'uncovered',
    ],
  ])('%s', (_, statement, answer) => {
    expect(explains(statement, entry)).toBe(answer);
  });

  test('explains with its earlier ones exactly what it or one of them would alone', () => {
    fc.assert(
      fc.property(anyEntry, anyRules, anyTime, fc.array(anyPurge, { maxLength: 3 }), (one, own, purgedAtMs, earlier) => {
        const alone = [{ ...own, purgedAtMs }, ...earlier.filter(({ at }) => at <= purgedAtMs).map(({ at, ...others }) => ({ ...others, purgedAtMs: at }))];
        const allowed = one.seq < own.upTo && alone.some((each) => isPurgeable(one, each));
        expect(explains({ ...statementOf(own, purgedAtMs), earlier }, one) === 'explained').toBe(allowed);
      }),
    );
  });
});
