import * as fc from 'fast-check';
import { openSpans } from '../../../core/hitl/business-open-spans.ts';
import type { BusinessCalendar } from '../../../schemas/business-calendar.ts';
import { anyCase, OFFICE } from './business-calendars.ts';

const shown = (calendar: BusinessCalendar, from: string, to: string): string[] =>
  [...openSpans(calendar, Date.parse(from), Date.parse(to))].map(({ fromMs, toMs }) =>
    [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(5, 16)).join(' '),
  );

describe('openSpans', () => {
  it('gives the openings of a week, cut to the time asked for', () => {
    expect(shown({ ...OFFICE, holidays: ['2026-06-15'] }, '2026-06-11T12:00:00Z', '2026-06-16T08:00:00Z')).toEqual([
      '06-11T12:00 06-11T15:00',
      '06-12T07:00 06-12T15:00',
      '06-16T07:00 06-16T08:00',
    ]);
  });

  it('opens twice when the clocks repeat an opening', () => {
    const half: BusinessCalendar = { zone: 'Europe/Berlin', days: { sun: [{ from: '02:15', to: '02:45' }] } };
    expect(shown(half, '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z')).toEqual(['10-25T00:15 10-25T00:45', '10-25T01:15 10-25T01:45']);
  });

  it('opens once more on the day before when the clocks go back over midnight', () => {
    const late: BusinessCalendar = { zone: 'Asia/Beirut', days: { sat: [{ from: '23:30', to: '24:00' }], sun: [{ from: '00:00', to: '00:30' }] } };
    expect(shown(late, '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z')).toEqual([
      '10-24T20:30 10-24T21:00',
      '10-24T21:30 10-24T22:00',
      '10-24T22:00 10-24T22:30',
    ]);
  });

  it('goes by the local date before 1970 too', () => {
    const thursdays: BusinessCalendar = { zone: 'UTC', days: { thu: [{ from: '12:00', to: '13:00' }] } };
    expect(shown(thursdays, '1969-12-20', '1970-01-02')).toEqual(['12-25T12:00 12-25T13:00', '01-01T12:00 01-01T13:00']);
  });

  it('comes in order, never empty and never overlapping', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 1, max: 8 * 86_400_000 }), ({ calendar, startMs }, length) => {
        let lastMs = startMs;
        for (const { fromMs, toMs } of openSpans(calendar, startMs, startMs + length)) {
          expect(fromMs).toBeGreaterThanOrEqual(lastMs);
          expect(toMs).toBeGreaterThan(fromMs);
          lastMs = toMs;
        }
        expect(lastMs).toBeLessThanOrEqual(startMs + length);
      }),
    );
  });
});
