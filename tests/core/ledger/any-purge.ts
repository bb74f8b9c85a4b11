import * as fc from 'fast-check';
import { DAY_MS, type EarlierPurge, type PurgeRules, type RetainedEntry } from '../../../core/ledger/retention.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** Times within some 400 days, at few enough points that borders are met. */
export const anyTime = fc.integer({ min: 0, max: 400 }).map((day) => START_MS + day * DAY_MS);
export const anySeq = fc.integer({ min: 0, max: 40 });
export const anyDays = fc.constantFrom(7, 90, 180);

export const anyEntry: fc.Arbitrary<RetainedEntry> = fc.record({ seq: anySeq, atMs: anyTime, retainDays: anyDays });

export const anyExtension = fc.record({ beforeSeq: anySeq, days: anyDays });
export const anyReduction = fc
  .record({ beforeSeq: anySeq, days: anyDays, noticeAt: anyTime, noticeDays: fc.constantFrom(0, 29, 30, 31, 60) })
  .map(({ noticeDays, ...rest }) => ({ ...rest, effectiveAt: rest.noticeAt + noticeDays * DAY_MS }));
const openOr = fc.option(anyTime);
export const anyHold = fc.record({ id: fc.constant('hld_1'), from: openOr, until: openOr });

export const anyRules: fc.Arbitrary<PurgeRules> = fc.record({
  upTo: anySeq,
  extended: fc.array(anyExtension, { maxLength: 3 }),
  reduced: fc.option(anyReduction),
  held: fc.array(anyHold, { maxLength: 2 }),
});

export const anyPurge: fc.Arbitrary<EarlierPurge> = fc.tuple(anyTime, anyRules).map(([at, rules]) => ({ at, ...rules }));
