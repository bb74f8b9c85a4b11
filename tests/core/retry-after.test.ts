import { readRetryAfter } from '../../core/retry-after.ts';

const NOW = Date.UTC(2030, 0, 1, 12);

test.each([
  ['120', 120_000],
  ['0', 0],
  ['99999999', 86_400_000],
  ['Tue, 01 Jan 2030 12:01:00 GMT', 60_000],
  ['Tue, 01 Jan 2030 11:00:00 GMT', 0],
  ['soon', null],
  ['-5', null],
  ['1.5', null],
  ['', null],
  [undefined, null],
  [['30', '60'], 30_000],
])('Retry-After %j is %j ms', (value, ms) => {
  expect(readRetryAfter(value, NOW)).toBe(ms);
});
