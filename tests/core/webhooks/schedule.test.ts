import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pauseMs, WEBHOOK_WAITS_MS } from '../../../core/webhooks/schedule.ts';

test('ten tries over some three days, as published', () => {
  expect(WEBHOOK_WAITS_MS.map((ms) => ms / 1_000)).toEqual([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  const published = readFileSync(join(import.meta.dirname, '../../../docs/spec/webhooks.md'), 'utf8');
  expect(published).toContain('at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h');
});

test('a receiver that says no time is left alone for half a minute', () => {
  expect(pauseMs(null)).toBe(30_000);
  expect(pauseMs(5_000)).toBe(5_000);
});
