import type { UnsignedLedger } from '../../db/queries/signing.ts';

export interface SignerLimits {
  /** Unsigned entries with which an organisation is due, whatever their age. */
  dueEntries: number;
  /** Age of its oldest unsigned entry with which it is due. */
  dueAgeMs: number;
  /** Time after which it is signed again although nothing has happened. */
  heartbeatMs: number;
  /** Silence that its ledger is told of. A little below the two hours after which verifiers ask. */
  silenceMs: number;
  /** Bounds of one turn. */
  orgsPerTick: number;
  entriesPerTick: number;
  pageSize: number;
}

export const SIGNER_LIMITS: SignerLimits = {
  dueEntries: 1_024,
  dueAgeMs: 8_000,
  heartbeatMs: 3_600_000,
  silenceMs: 7_190_000,
  orgsPerTick: 200,
  entriesPerTick: 100_000,
  pageSize: 2_000,
};

/**
 * Tells which ledgers with unsigned entries are due. Their age is taken from the entry's time, and from when it was first seen here:
 * the database's clock may be ahead of ours.
 */
export function createDueLedgers({
  dueEntries,
  dueAgeMs,
}: Pick<SignerLimits, 'dueEntries' | 'dueAgeMs'>): (unsigned: readonly UnsignedLedger[], nowMs: number) => UnsignedLedger[] {
  let firstSeenMs = new Map<string, { ms: number; signedSize: number }>();
  return (unsigned, nowMs) => {
    const seen: typeof firstSeenMs = new Map();
    const due = unsigned.filter((ledger) => {
      const { org, nextSeq, signedSize, oldestAtMs } = ledger;
      const before = firstSeenMs.get(org);
      const first = before?.signedSize === signedSize ? before : { ms: nowMs, signedSize };
      seen.set(org, first);
      const age = nowMs - Math.min(first.ms, oldestAtMs ?? first.ms);
      return nextSeq < signedSize || nextSeq - signedSize >= dueEntries || age >= dueAgeMs;
    });
    firstSeenMs = seen;
    return due;
  };
}

/** Age of the oldest entry that is not signed yet, in seconds. */
export const lagSeconds = (unsigned: readonly UnsignedLedger[], nowMs: number): number =>
  unsigned.reduce((lag, { oldestAtMs }) => Math.max(lag, oldestAtMs === null ? 0 : (nowMs - oldestAtMs) / 1_000), 0);
