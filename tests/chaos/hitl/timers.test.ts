import { latenessMs } from './timers.ts';

test.each([
  ['on time', { dueAtMs: 100, firedAtMs: 100 }, [], 0],
  ['late without an excuse', { dueAtMs: 100, firedAtMs: 900 }, [], 800],
  ['late by an outage that began before and ended after', { dueAtMs: 100, firedAtMs: 900 }, [{ fromMs: 50, toMs: 700 }], 200],
  ['an outage that was over in time excuses nothing', { dueAtMs: 100, firedAtMs: 900 }, [{ fromMs: 10, toMs: 90 }], 800],
  ['an outage that began afterwards excuses nothing', { dueAtMs: 100, firedAtMs: 900 }, [{ fromMs: 950, toMs: 990 }], 800],
  [
    'two outages: the last one counts',
    { dueAtMs: 100, firedAtMs: 900 },
    [
      { fromMs: 50, toMs: 300 },
      { fromMs: 400, toMs: 800 },
    ],
    100,
  ],
])('a timer that is %s', (_name, timer, outages, lateMs) => {
  expect(latenessMs(timer, outages)).toBe(lateMs);
});
