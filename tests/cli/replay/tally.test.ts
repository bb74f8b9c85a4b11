import { createTally } from '../../../cli/replay/tally.ts';
import type { Decision } from '../../../schemas/decision.ts';

const decided = (value: Decision['value'], reasons: string[] = []): Decision => ({
  id: 'd',
  eventId: 'e',
  value,
  mast: [],
  riskScore: 0,
  reasons,
  policy: null,
  receipt: { seq: 0, entryHash: '0'.repeat(64), checkpointSize: 0 },
  latencyMs: 0,
});

test('percentiles are nearest ranks and the rate counts decided events over the whole time', () => {
  let now = 0;
  const tally = createTally(() => now);
  for (let latency = 100; latency >= 1; latency -= 1) tally.addDecision(decided('ALLOW'), latency);
  now = 4_000;
  expect(tally.summary(null)).toMatchObject({ decided: 100, latencyMs: { p50: 50, p95: 95, p99: 99, max: 100 }, elapsedMs: 4_000, eventsPerSecond: 25 });
});

test('without an event everything is zero', () => {
  expect(createTally(() => 0).summary(null)).toMatchObject({ decided: 0, sessions: 0, latencyMs: { p50: 0, p95: 0, p99: 0, max: 0 }, eventsPerSecond: 0 });
});

test('reasons are the ten most frequent of what was not allowed', () => {
  const tally = createTally(() => 0);
  tally.addDecision(decided('ALLOW', ['exception']), 1);
  for (let reason = 1; reason <= 12; reason += 1) for (let times = 0; times < reason; times += 1) tally.addDecision(decided('BLOCK', [`reason ${reason}`]), 1);
  const { reasons } = tally.summary(null);
  expect(reasons).toHaveLength(10);
  expect(reasons[0]).toEqual({ reason: 'reason 12', count: 12 });
  expect(reasons.map(({ reason }) => reason)).not.toContain('exception');
});

test('lists are bounded, counts are not', () => {
  const tally = createTally(() => 0);
  for (let line = 1; line <= 250; line += 1) {
    tally.addUnreadable(line, 'is not JSON');
    tally.addFailure(`e${line}`, 'status 500');
  }
  const summary = tally.summary('unreachable');
  expect([summary.unreadableLines, summary.unreadable.length, summary.failedEvents, summary.failed.length]).toEqual([250, 100, 250, 100]);
});
