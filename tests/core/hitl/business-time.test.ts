import * as fc from 'fast-check';
import { addBusinessTime, businessTimeBetween } from '../../../core/hitl/business-time.ts';
import { openSpans } from '../../../core/hitl/business-open-spans.ts';
import type { BusinessCalendar } from '../../../schemas/business-calendar.ts';
import { ALWAYS, anyCase, OFFICE, officeIn } from './business-calendars.ts';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Time open from 02:00 to 03:00 alone, the hour most zones skip and repeat. */
const NIGHT: BusinessCalendar = { zone: 'Europe/Berlin', days: { sun: [{ from: '02:00', to: '03:00' }] } };

/** Two of them fit into three years of a calendar that opens for a quarter of an hour a week. */
const anyDuration = fc.oneof(
  fc.integer({ min: 0, max: 16 * HOUR }),
  fc.integer({ min: 0, max: 64 }).map((quarters) => (quarters * HOUR) / 4),
);

describe('addBusinessTime', () => {
  it('counts open hours only, over nights and weekends', () => {
    // Thursday 16:00 in Berlin.
    const start = at('2026-06-11T16:00:00+02:00');
    expect(iso(addBusinessTime(start, 30 * MINUTE, OFFICE))).toBe('2026-06-11T14:30:00Z');
    expect(iso(addBusinessTime(start, 2 * HOUR, OFFICE))).toBe(iso(at('2026-06-12T10:00:00+02:00')));
    expect(iso(addBusinessTime(start, 10 * HOUR, OFFICE))).toBe(iso(at('2026-06-15T10:00:00+02:00')));
  });

  it('starts to count at the next opening when it is closed', () => {
    expect(iso(addBusinessTime(at('2026-06-13T12:00:00+02:00'), HOUR, OFFICE))).toBe(iso(at('2026-06-15T10:00:00+02:00')));
    expect(iso(addBusinessTime(at('2026-06-12T17:00:00+02:00'), 1, OFFICE))).toBe('2026-06-15T07:00:00.001Z');
  });

  it('ends at closing time, not at the next opening, when both would do', () => {
    const start = at('2026-06-12T15:00:00+02:00');
    expect(iso(addBusinessTime(start, 2 * HOUR, OFFICE))).toBe(iso(at('2026-06-12T17:00:00+02:00')));
    expect(iso(addBusinessTime(start, 2 * HOUR + 1, OFFICE))).toBe('2026-06-15T07:00:00.001Z');
  });

  it('passes over a lunch break', () => {
    const split: BusinessCalendar = {
      zone: 'Asia/Kolkata',
      days: {
        mon: [
          { from: '09:00', to: '12:30' },
          { from: '13:15', to: '18:00' },
        ],
      },
    };
    expect(iso(addBusinessTime(at('2026-06-15T12:00:00+05:30'), HOUR, split))).toBe(iso(at('2026-06-15T13:45:00+05:30')));
  });

  it('passes over holidays on both sides of a weekend', () => {
    // Good Friday and Easter Monday.
    const easter = { ...OFFICE, holidays: ['2026-04-03', '2026-04-06'] };
    expect(iso(addBusinessTime(at('2026-04-02T16:00:00+02:00'), 2 * HOUR, easter))).toBe(iso(at('2026-04-07T10:00:00+02:00')));
  });

  it('passes over the turn of the year', () => {
    const newYear = { ...OFFICE, holidays: ['2027-01-01'] };
    expect(iso(addBusinessTime(at('2026-12-31T16:00:00+01:00'), 4 * HOUR, newYear))).toBe(iso(at('2027-01-04T12:00:00+01:00')));
    // It is already New Year's Day in Kolkata, and closed, while UTC still has an open day.
    const kolkata = { ...ALWAYS, zone: 'Asia/Kolkata', holidays: ['2027-01-01'] };
    expect(iso(addBusinessTime(at('2026-12-31T19:00:00Z'), HOUR, kolkata))).toBe(iso(at('2027-01-02T01:00:00+05:30')));
  });

  it('lets an hour the clocks skip take no time, and shortens a span that reaches into it', () => {
    const early: BusinessCalendar = { zone: 'Europe/Berlin', days: { sun: [{ from: '01:30', to: '04:00' }] } };
    const start = at('2026-03-29T01:00:00+01:00');
    expect(iso(addBusinessTime(start, 30 * MINUTE, early))).toBe('2026-03-29T01:00:00Z');
    expect(iso(addBusinessTime(start, HOUR, early))).toBe(iso(at('2026-03-29T03:30:00+02:00')));
    expect(iso(addBusinessTime(start, HOUR, NIGHT))).toBe(iso(at('2026-04-05T03:00:00+02:00')));
  });

  it('counts an hour the clocks repeat twice', () => {
    const half: BusinessCalendar = { zone: 'Europe/Berlin', days: { sun: [{ from: '02:30', to: '03:00' }] } };
    const start = at('2026-10-25T00:00:00Z');
    expect(iso(addBusinessTime(start, 30 * MINUTE, half))).toBe('2026-10-25T01:00:00Z');
    expect(iso(addBusinessTime(start, 45 * MINUTE, half))).toBe('2026-10-25T01:45:00Z');
  });

  it('lets no time pass for no duration, open or closed', () => {
    const closed = at('2026-06-13T12:00:00Z');
    expect(addBusinessTime(closed, 0, OFFICE)).toBe(closed);
  });

  it('gives up after three years', () => {
    const mondays = Array.from({ length: 158 }, (_, week) => iso(at('2026-01-05') + 7 * week * DAY).slice(0, 10));
    const neverOpen: BusinessCalendar = { zone: 'UTC', days: { mon: [{ from: '09:00', to: '10:00' }] }, holidays: mondays };
    expect(() => addBusinessTime(at('2026-01-01'), 1, neverOpen)).toThrow(RangeError);
    expect(() => addBusinessTime(at('2026-01-01'), 30 * DAY, NIGHT)).toThrow(RangeError);
    expect(() => addBusinessTime(at('2026-01-01'), Infinity, ALWAYS)).toThrow(RangeError);
  });

  it('refuses durations and moments that do not exist, and zones it does not know', () => {
    expect(() => addBusinessTime(0, -1, OFFICE)).toThrow(RangeError);
    expect(() => addBusinessTime(0, NaN, OFFICE)).toThrow(RangeError);
    expect(() => addBusinessTime(9e15, 1, OFFICE)).toThrow(RangeError);
    expect(() => addBusinessTime(NaN, 1, OFFICE)).toThrow(RangeError);
    expect(() => addBusinessTime(0, 1, officeIn('Atlantis/Capital'))).toThrow(RangeError);
  });

  it('is undone by measuring', () => {
    fc.assert(
      fc.property(anyCase, anyDuration, ({ calendar, startMs }, durationMs) => {
        expect(businessTimeBetween(startMs, addBusinessTime(startMs, durationMs, calendar), calendar)).toBe(durationMs);
      }),
    );
  });

  it('never ends earlier for more time or a later start', () => {
    fc.assert(
      fc.property(anyCase, anyDuration, anyDuration, ({ calendar, startMs }, durationMs, moreMs) => {
        const end = addBusinessTime(startMs, durationMs, calendar);
        expect(addBusinessTime(startMs, durationMs + moreMs, calendar)).toBeGreaterThanOrEqual(end);
        expect(addBusinessTime(startMs + moreMs, durationMs, calendar)).toBeGreaterThanOrEqual(end);
      }),
    );
  });

  it('comes to the same in one go and in two', () => {
    fc.assert(
      fc.property(anyCase, anyDuration, anyDuration, ({ calendar, startMs }, oneMs, otherMs) => {
        const between = addBusinessTime(startMs, oneMs, calendar);
        expect(addBusinessTime(between, otherMs, calendar)).toBe(addBusinessTime(startMs, oneMs + otherMs, calendar));
      }),
    );
  });

  it('ends inside an open span or at its end', () => {
    fc.assert(
      fc.property(anyCase, anyDuration, ({ calendar, startMs }, durationMs) => {
        const end = addBusinessTime(startMs, durationMs + 1, calendar);
        expect([...openSpans(calendar, end - 1, end)]).toEqual([{ fromMs: end - 1, toMs: end }]);
      }),
    );
  });
});

describe('businessTimeBetween', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29T00:00:00+01:00', '2026-03-30T00:00:00+02:00', 23],
    ['Europe/Berlin', '2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00', 25],
    ['America/New_York', '2026-03-08T00:00:00-05:00', '2026-03-09T00:00:00-04:00', 23],
    ['America/New_York', '2026-11-01T00:00:00-04:00', '2026-11-02T00:00:00-05:00', 25],
    ['Australia/Lord_Howe', '2026-10-04T00:00:00+10:30', '2026-10-05T00:00:00+11:00', 23.5],
    ['Australia/Lord_Howe', '2026-04-05T00:00:00+11:00', '2026-04-06T00:00:00+10:30', 24.5],
    ['Asia/Kolkata', '2026-03-29T00:00:00+05:30', '2026-03-30T00:00:00+05:30', 24],
    ['Asia/Beirut', '2026-03-29T01:00:00+03:00', '2026-03-30T00:00:00+03:00', 23],
  ])('gives a Sunday in %s from %s the hours it has', (zone, from, to, hours) => {
    const sundays: BusinessCalendar = { zone, days: { sun: [{ from: '00:00', to: '24:00' }] } };
    expect(businessTimeBetween(at(from), at(to), sundays)).toBe(hours * HOUR);
    expect(businessTimeBetween(at(from) - 3 * DAY, at(to) + 3 * DAY, sundays)).toBe(hours * HOUR);
  });

  it('finds nothing in the hour that is skipped, and two hours in the one that is repeated', () => {
    expect(businessTimeBetween(at('2026-03-28T00:00:00Z'), at('2026-03-30T00:00:00Z'), NIGHT)).toBe(0);
    expect(businessTimeBetween(at('2026-10-24T00:00:00Z'), at('2026-10-26T00:00:00Z'), NIGHT)).toBe(2 * HOUR);
  });

  it('finds nothing on the Friday that Samoa skipped, and all of the Saturday after it', () => {
    const [from, to] = [at('2011-12-27T00:00:00Z'), at('2012-01-03T00:00:00Z')];
    const on = (day: 'thu' | 'fri' | 'sat'): BusinessCalendar => ({ zone: 'Pacific/Apia', days: { [day]: [{ from: '00:00', to: '24:00' }] } });
    expect((['thu', 'fri', 'sat'] as const).map((day) => businessTimeBetween(from, to, on(day)) / HOUR)).toEqual([24, 0, 24]);
    expect(iso(addBusinessTime(at('2011-12-29T16:00:00-10:00'), 2 * HOUR, officeIn('Pacific/Apia')))).toBe(iso(at('2012-01-02T10:00:00+14:00')));
  });

  it('is nothing when the end is not after the start', () => {
    const noon = at('2026-06-12T12:00:00Z');
    expect(businessTimeBetween(noon, noon, ALWAYS)).toBe(0);
    expect(businessTimeBetween(noon, noon - DAY, ALWAYS)).toBe(0);
  });

  it('adds up over any moment in between', () => {
    fc.assert(
      fc.property(anyCase, anyDuration, anyDuration, ({ calendar, startMs }, oneMs, otherMs) => {
        const [middle, end] = [startMs + oneMs, startMs + oneMs + otherMs];
        expect(businessTimeBetween(startMs, middle, calendar) + businessTimeBetween(middle, end, calendar)).toBe(businessTimeBetween(startMs, end, calendar));
      }),
    );
  });
});

describe('both, against a clock read minute by minute', () => {
  const WATCHED_MINUTES = 4 * 24 * 60;

  it('agree with it around changes of the clocks', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 1, max: WATCHED_MINUTES }), ({ calendar, startMs }, watched) => {
        const start = Math.floor(startMs / MINUTE) * MINUTE;
        const isOpen = clockOf(calendar);
        let open = 0;
        for (let minute = 0; minute < watched; minute++) {
          if (!isOpen(start + minute * MINUTE)) continue;
          open += 1;
          // Every minute would repeat the sum a thousand times over.
          if (open % 97 === 1) expect(addBusinessTime(start, open * MINUTE, calendar)).toBe(start + (minute + 1) * MINUTE);
        }
        expect(businessTimeBetween(start, start + watched * MINUTE, calendar)).toBe(open * MINUTE);
      }),
      { numRuns: 120 },
    );
  });

  /** Shares nothing with the implementation: reads the date and the time off the formatter and looks them up. */
  function clockOf({ zone, days, holidays = [] }: BusinessCalendar): (ms: number) => boolean {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    return (ms) => {
      const [, weekday, day, month, year, time] = /^(\w{3}), (\d\d)\/(\d\d)\/(\d{4}), (\d\d:\d\d)$/.exec(clock.format(ms)) ?? [];
      if (weekday === undefined || time === undefined) throw new Error(`cannot read ${clock.format(ms)}`);
      if (holidays.includes(`${year}-${month}-${day}`)) return false;
      return (days[weekday.toLowerCase() as 'mon'] ?? []).some(({ from, to }) => from <= time && time < to);
    };
  }
});
