import type { Decision, DecisionValue } from '../../schemas/decision.ts';

/** What a replay came to. Times in milliseconds. */
export interface ReplaySummary {
  sessions: number;
  /** Events with a decision. */
  decided: number;
  decisions: Record<DecisionValue, number>;
  /** Most frequent first, ten at most; reasons of ALLOW are left out. */
  reasons: { reason: string; count: number }[];
  detectors: { detector: string; count: number }[];
  latencyMs: { p50: number; p95: number; p99: number; max: number };
  elapsedMs: number;
  eventsPerSecond: number;
  /** Counted in full; the lists hold the first hundred. */
  unreadableLines: number;
  unreadable: { line: number; detail: string }[];
  failedEvents: number;
  failed: { eventId: string; detail: string }[];
  /** Why it ended before the recording did; null: it did not. */
  stopped: 'interrupted' | 'unreachable' | null;
}

const MAX_LISTED = 100;
const MAX_REASONS = 10;

export function createTally(nowMs: () => number) {
  const startedAtMs = nowMs();
  const sessions = new Set<string>();
  const decisions: Record<DecisionValue, number> = { ALLOW: 0, BLOCK: 0, HITL: 0, ALERT: 0 };
  const reasons = new Map<string, number>();
  const detectors = new Map<string, number>();
  const latenciesMs: number[] = [];
  const unreadable: ReplaySummary['unreadable'] = [];
  const failed: ReplaySummary['failed'] = [];
  let unreadableLines = 0;
  let failedEvents = 0;

  return {
    addSession: (name: string) => void sessions.add(name),
    addDecision({ value, reasons: given, mast }: Decision, latencyMs: number): void {
      decisions[value] += 1;
      latenciesMs.push(latencyMs);
      if (value !== 'ALLOW') for (const reason of given) count(reasons, reason);
      for (const { detector } of mast) count(detectors, detector);
    },
    addUnreadable(line: number, detail: string): void {
      unreadableLines += 1;
      if (unreadable.length < MAX_LISTED) unreadable.push({ line, detail });
    },
    addFailure(eventId: string, detail: string): void {
      failedEvents += 1;
      if (failed.length < MAX_LISTED) failed.push({ eventId, detail });
    },
    summary(stopped: ReplaySummary['stopped']): ReplaySummary {
      const elapsedMs = nowMs() - startedAtMs;
      const sorted = Float64Array.from(latenciesMs).toSorted();
      return {
        sessions: sessions.size,
        decided: latenciesMs.length,
        decisions,
        reasons: ranked(reasons)
          .slice(0, MAX_REASONS)
          .map(([reason, times]) => ({ reason, count: times })),
        detectors: ranked(detectors).map(([detector, times]) => ({ detector, count: times })),
        latencyMs: { p50: percentile(sorted, 50), p95: percentile(sorted, 95), p99: percentile(sorted, 99), max: sorted.at(-1) ?? 0 },
        elapsedMs,
        eventsPerSecond: elapsedMs === 0 ? 0 : (1_000 * latenciesMs.length) / elapsedMs,
        unreadableLines,
        unreadable,
        failedEvents,
        failed,
        stopped,
      };
    },
  };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Most frequent first; equal ones by name, so that two runs print the same. */
function ranked(counts: Map<string, number>): [string, number][] {
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Nearest rank of sorted values; 0 where there are none. */
function percentile(sorted: Float64Array, rank: number): number {
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? 0;
}
