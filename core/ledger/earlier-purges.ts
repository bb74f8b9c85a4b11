import { type EarlierPurge, NOTICE_MS, type PurgeRules, type Reduction } from './retention.ts';

/** The newest purge entry before this one: what it stated, with its number and time. */
export type PreviousPurge = EarlierPurge & { seq: number; earlier?: readonly EarlierPurge[] };

/**
 * What a new statement has to keep of those before it: the rules of every purge whose bodies it would not explain itself, because an extension or a hold
 * has come since. `atMs` is a time before which the new entry will not be; below `minIndex` there is nothing left to explain.
 */
export function earlierPurges(previous: PreviousPurge | null, next: PurgeRules & { atMs: number; minIndex: number }): EarlierPurge[] {
  if (previous === null) return [];
  const { earlier = [], seq, at, upTo, extended, reduced, held } = previous;
  const kept: EarlierPurge[] = [];
  // Newest first: later purges went further, so it is they that make others unnecessary.
  for (const purge of [{ seq, at, upTo, extended, reduced, held }, ...earlier.toReversed()]) {
    if (purge.upTo <= next.minIndex || subsumes({ ...next, at: next.atMs }, purge) || kept.some((other) => subsumes(other, purge))) continue;
    kept.unshift(purge);
  }
  return kept;
}

/** Whether `wide` allows whatever `narrow` does. Where that is not plain it says no: one line more is kept. */
export function subsumes(wide: EarlierPurge, narrow: EarlierPurge): boolean {
  return (
    wide.at >= narrow.at &&
    wide.upTo >= narrow.upTo &&
    wide.extended.every(({ beforeSeq, days }) => narrow.extended.some((other) => other.beforeSeq >= beforeSeq && other.days >= days)) &&
    wide.held.every(({ from, until }) =>
      narrow.held.some((other) => (other.from ?? -Infinity) <= (from ?? -Infinity) && (other.until ?? Infinity) >= (until ?? Infinity)),
    ) &&
    isNoLonger(wide.reduced, narrow.reduced)
  );
}

function isNoLonger(wide: Reduction | null, narrow: Reduction | null): boolean {
  if (narrow === null) return true;
  if (wide === null || wide.effectiveAt - wide.noticeAt < NOTICE_MS) return false;
  return wide.beforeSeq >= narrow.beforeSeq && wide.days <= narrow.days && wide.effectiveAt <= narrow.effectiveAt;
}
