/** A day of retention: 24 hours, whatever clocks are put forward or back. */
export const DAY_MS = 86_400_000;

/** What an organisation is told before its bodies are kept shorter: that long. */
export const NOTICE_MS = 30 * DAY_MS;

/** Entries below `beforeSeq` are kept at least that many days. */
export interface Extension {
  beforeSeq: number;
  days: number;
}

/** Entries below `beforeSeq` are kept no longer than that many days, but never go before `effectiveAt`. */
export interface Reduction {
  beforeSeq: number;
  days: number;
  /** Epoch milliseconds. */
  noticeAt: number;
  /** Epoch milliseconds, at least {@link NOTICE_MS} after the notice: otherwise the reduction counts for nothing. */
  effectiveAt: number;
}

/** A legal hold on the entries of a range of time. Epoch milliseconds, both included; null: open. */
export interface HeldRange {
  id: string;
  from: number | null;
  until: number | null;
}

/** What decides how long a body is kept, beside the `retain` it was written with. */
export interface RetentionRules {
  extended: readonly Extension[];
  reduced: Reduction | null;
  held: readonly HeldRange[];
}

/** The rules by which a purge went, and how far it went. */
export interface PurgeRules extends RetentionRules {
  /** Entries from this one on were not touched. */
  upTo: number;
}

/** Rules of an earlier purge. `seq` and `at` are those of its entry. */
export interface EarlierPurge extends PurgeRules {
  /** Statements of before migration 0018 do not name it. */
  seq?: number;
  at: number;
}

/** The `details` of a `ledger.purged` record, as far as a verifier needs them: docs/spec/ledger-v1.md, «What may be missing». */
export interface PurgeStatement extends PurgeRules {
  /** What was gone before a later extension or hold, which does not bring it back. */
  earlier?: readonly EarlierPurge[];
  counts: { agentEvents: number; hitlDecisions: number; auditRecords: number; policyViolations: number };
  /** Entries below may be gone from the spine; a multiple of 256. */
  minIndex: number;
  /** Entry hash of `minIndex` − 1 in hex. */
  anchorHash: string | null;
}

/** An entry, as far as its retention goes. */
export interface RetainedEntry {
  seq: number;
  atMs: number;
  retainDays: number;
}

/** When the body of an entry falls due. Epoch milliseconds. Holds are another question: {@link isHeld}. */
export function expiryMs({ seq, atMs, retainDays }: RetainedEntry, { extended, reduced }: Pick<RetentionRules, 'extended' | 'reduced'>): number {
  const days = extended.reduce((longest, extension) => (seq < extension.beforeSeq ? Math.max(longest, extension.days) : longest), retainDays);
  const expiry = atMs + days * DAY_MS;
  if (reduced === null || seq >= reduced.beforeSeq || reduced.effectiveAt - reduced.noticeAt < NOTICE_MS) return expiry;
  return Math.min(expiry, Math.max(atMs + reduced.days * DAY_MS, reduced.effectiveAt));
}

export function isHeld(atMs: number, held: readonly HeldRange[]): boolean {
  return held.some(({ from, until }) => (from === null || from <= atMs) && (until === null || atMs <= until));
}

/** Whether a purge at `purgedAtMs` may have taken the body of an entry. */
export function isPurgeable(entry: RetainedEntry, { purgedAtMs, ...rules }: PurgeRules & { purgedAtMs: number }): boolean {
  return entry.seq < rules.upTo && expiryMs(entry, rules) <= purgedAtMs && !isHeld(entry.atMs, rules.held);
}

/**
 * What the newest purge entry says of a body that is missing: `uncovered` where it speaks of earlier entries only, `premature` where the body
 * was not due or was held. `purgedAtMs` is the time of the purge entry.
 */
export function explains(statement: PurgeStatement & { purgedAtMs: number }, entry: RetainedEntry): 'explained' | 'premature' | 'uncovered' {
  const { purgedAtMs, earlier = [] } = statement;
  if (entry.seq >= statement.upTo) return 'uncovered';
  if (isPurgeable(entry, statement)) return 'explained';
  return earlier.some((rules) => rules.at <= purgedAtMs && isPurgeable(entry, { ...rules, purgedAtMs: rules.at })) ? 'explained' : 'premature';
}
