import * as fc from 'fast-check';
import { addBusinessTime } from '../../../core/hitl/business-time.ts';
import { assuredOpenMs } from '../../../core/hitl/business-reach.ts';
import type { BusinessCalendar } from '../../../schemas/business-calendar.ts';
import { ALWAYS, anyCase, OFFICE } from './business-calendars.ts';

const HOUR_MS = 3_600_000;

describe('assuredOpenMs', () => {
  it('is 144 weeks of opening hours, less the holidays that fall on them', () => {
    expect(assuredOpenMs(OFFICE)).toBe(144 * 40 * HOUR_MS);
    expect(assuredOpenMs(ALWAYS)).toBe(144 * 168 * HOUR_MS);
    // A Friday and a Saturday.
    expect(assuredOpenMs({ ...OFFICE, holidays: ['2026-05-01', '2026-05-02'] })).toBe((144 * 40 - 8) * HOUR_MS);
  });

  it('is nothing where holidays may close every week', () => {
    const mondays = Array.from({ length: 160 }, (_, week) => new Date(Date.UTC(2026, 0, 5 + 7 * week)).toISOString().slice(0, 10));
    const closed: BusinessCalendar = { zone: 'UTC', days: { mon: [{ from: '09:00', to: '10:00' }] }, holidays: mondays };
    expect(assuredOpenMs(closed)).toBe(0);
    expect(() => addBusinessTime(Date.UTC(2026, 0, 1), 1, closed)).toThrow(RangeError);
  });

  it('is found by addBusinessTime, whatever the calendar and the start', () => {
    fc.assert(
      fc.property(anyCase, ({ calendar, startMs }) => {
        const assuredMs = assuredOpenMs(calendar);
        expect(addBusinessTime(startMs, assuredMs, calendar)).toBeGreaterThanOrEqual(startMs + assuredMs);
      }),
      { numRuns: 60 },
    );
  });
});
