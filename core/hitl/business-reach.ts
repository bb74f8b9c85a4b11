import type { BusinessCalendar } from '../../schemas/business-calendar.ts';
import { Weekday } from '../../schemas/business-calendar.ts';

/**
 * Open time that three years of a calendar hold at least, whenever they begin: what `addBusinessTime` is sure to find. The calendar has
 * passed `lintCalendar`. An estimate from below: looking through three years costs milliseconds, and a policy may hold thousands of calendars.
 */
export function assuredOpenMs({ days, holidays = [] }: BusinessCalendar): number {
  const openMsOn = Weekday.options.map((weekday) => (days[weekday] ?? []).reduce((sum, { from, to }) => sum + clockMs(to) - clockMs(from), 0));
  const weekMs = openMsOn.reduce((sum, openMs) => sum + openMs, 0);
  const closedMs = holidays.reduce((sum, date) => sum + (openMsOn[weekdayOf(date)] ?? 0), 0);
  return Math.max(0, SURE_WEEKS * weekMs - closedMs);
}

/** Of the 156 whole weeks in three years, twelve are left for hours that clocks skip: no zone skips more than a few a year. */
const SURE_WEEKS = 144;

/** Index into the week of ISO 8601. */
const weekdayOf = (date: string): number => (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;

const clockMs = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;
