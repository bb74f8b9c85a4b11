import { ladderEndMs, levelEndMs, openedAtMs, reminderAtMs } from '../../../core/hitl/due.ts';
import { OFFICE } from './business-calendars.ts';
import { HOUR_MS, level, MINUTE_MS, plan, START_MS } from './ladders.ts';

const at = (text: string): number => Date.parse(text);

test('a level without business hours runs out when its time has passed on the clock', () => {
  expect(levelEndMs(level({ withinMs: 90 * MINUTE_MS }), START_MS)).toBe(START_MS + 90 * MINUTE_MS);
});

test('a level with business hours counts open hours only', () => {
  // Friday 16:00 in Berlin.
  expect(levelEndMs(level({ withinMs: 2 * HOUR_MS, businessHours: OFFICE }), at('2026-06-12T16:00:00+02:00'))).toBe(at('2026-06-15T10:00:00+02:00'));
});

test('the ladder ends when its levels have run out one after the other, each by its own hours', () => {
  const asked = plan([level({ withinMs: HOUR_MS }), level({ withinMs: HOUR_MS, businessHours: OFFICE }), level({ withinMs: 2 * HOUR_MS })]);
  const friday = at('2026-06-12T16:00:00+02:00');
  // 17:00 on Friday, 10:00 on Monday, 12:00 on Monday.
  expect(ladderEndMs(asked, 0, friday)).toBe(at('2026-06-15T12:00:00+02:00'));
  expect(ladderEndMs(asked, 2, friday)).toBe(friday + 2 * HOUR_MS);
  expect(ladderEndMs(asked, 3, friday)).toBe(friday);
});

test('a level was asked when its state says, and where an old row does not say, as long before the end as its levels take', () => {
  const asked = plan([level({ withinMs: HOUR_MS }), level({ withinMs: 2 * HOUR_MS }), level({ withinMs: 4 * HOUR_MS })]);
  expect(openedAtMs(asked, { level: 1, openedAtMs: START_MS, steps: [] }, 0)).toBe(START_MS);
  expect(openedAtMs(asked, { level: 1, steps: [] }, START_MS + 6 * HOUR_MS)).toBe(START_MS);
});

test('each reminder waits twice as long as the one before, and a level that asks for none has none', () => {
  const reminding = level({ remindEveryMs: 10 * MINUTE_MS });
  const minutes = [0, 1, 2, 3].map((round) => ((reminderAtMs(reminding, START_MS, round) ?? 0) - START_MS) / MINUTE_MS);
  expect(minutes).toEqual([10, 30, 70, 150]);
  expect(reminderAtMs(level(), START_MS, 0)).toBeNull();
});
