import { formatSummary } from '../../../cli/replay/format-summary.ts';
import type { ReplaySummary } from '../../../cli/replay/tally.ts';

const SUMMARY: ReplaySummary = {
  sessions: 2,
  decided: 8,
  decisions: { ALLOW: 6, BLOCK: 1, HITL: 0, ALERT: 1 },
  reasons: [{ reason: 'again and again', count: 2 }],
  detectors: [{ detector: 'tim.loop', count: 2 }],
  latencyMs: { p50: 9.25, p95: 17.6, p99: 20, max: 21 },
  elapsedMs: 2_000,
  eventsPerSecond: 4,
  unreadableLines: 0,
  unreadable: [],
  failedEvents: 0,
  failed: [],
  stopped: null,
};

test('the report tells rate, latencies, decisions, detectors and reasons', () => {
  const text = formatSummary(SUMMARY);
  expect(text).toContain('8 events of 2 sessions decided in 2.0 s, 4.0/s');
  expect(text).toContain('p50 9.3 ms, p95 18 ms, p99 20 ms');
  expect(text).toContain('ALLOW 6 (75.0 %), BLOCK 1 (12.5 %)');
  expect(text).toContain('tim.loop 2');
  expect(text).toMatch(/2 {2}again and again/);
});

test('what went wrong is told, and only then', () => {
  expect(formatSummary(SUMMARY)).not.toMatch(/no decision|skipped|stopped/);
  const text = formatSummary({ ...SUMMARY, failedEvents: 1, failed: [{ eventId: 'e1', detail: 'status 422' }], unreadableLines: 3, stopped: 'interrupted' });
  expect(text).toContain('1 events got no decision\n  e1: status 422');
  expect(text).toContain('3 lines could not be read');
  expect(text).toContain('stopped before the end');
});
