import * as fc from 'fast-check';
import type { BusinessCalendar, OpeningSpan } from '../../../schemas/business-calendar.ts';
import { Weekday } from '../../../schemas/business-calendar.ts';

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

export const officeIn = (zone: string): BusinessCalendar => ({
  zone,
  days: Object.fromEntries(weekdays.map((day) => [day, [{ from: '09:00', to: '17:00' }]])),
});

export const OFFICE = officeIn('Europe/Berlin');

export const ALWAYS: BusinessCalendar = {
  zone: 'UTC',
  days: Object.fromEntries(Weekday.options.map((day) => [day, [{ from: '00:00', to: '24:00' }]])),
};

/** Changes of the clocks: an hour, half an hour, over midnight, a whole day, and zones that keep theirs. */
export const CHANGES = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Asia/Beirut', '2026-03-28T22:00:00Z'],
  ['Asia/Beirut', '2026-10-24T21:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
] as const;

const UNCHANGED = [
  ['Asia/Kolkata', '2026-12-31T18:30:00Z'],
  ['UTC', '2028-02-29T00:00:00Z'],
] as const;

/** Sorted marks in quarters of an hour, taken in pairs: spans that may touch and never overlap. */
const anyDay: fc.Arbitrary<OpeningSpan[]> = fc
  .uniqueArray(fc.integer({ min: 0, max: 96 }), { minLength: 2, maxLength: 6 })
  .map((marks) => marks.toSorted((a, b) => a - b))
  .chain((marks) => fc.boolean().map((touching) => spansOf(marks, touching ? 1 : 2)));

function spansOf(marks: number[], step: 1 | 2): OpeningSpan[] {
  const spans: OpeningSpan[] = [];
  for (let i = 0; i + 1 < marks.length && spans.length < 4; i += step) spans.push({ from: clock(marks[i]), to: clock(marks[i + 1]) });
  return spans;
}

const clock = (quarters = 0): string => `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`;

/** A calendar that `lintCalendar` accepts, and a start within some days of a change of its zone's clocks. */
export const anyCase: fc.Arbitrary<{ calendar: BusinessCalendar; startMs: number }> = fc
  .record({
    change: fc.constantFrom(...CHANGES, ...UNCHANGED),
    aheadMs: fc.integer({ min: -86_400_000, max: 4 * 86_400_000 }),
    days: fc.dictionary(fc.constantFrom(...Weekday.options), anyDay, { minKeys: 1 }),
    holidays: fc.uniqueArray(fc.integer({ min: -5, max: 9 }), { maxLength: 4 }),
  })
  .map(({ change: [zone, instant], aheadMs, days, holidays }) => {
    const changeMs = Date.parse(instant);
    const dates = holidays.map((day) => new Date(changeMs + day * 86_400_000).toISOString().slice(0, 10));
    return { calendar: { zone, days: { ...days }, holidays: dates }, startMs: changeMs - aheadMs };
  });
