import { DateTime, IANAZone } from 'luxon';
import type { BusinessCalendar, OpeningSpan } from '../../schemas/business-calendar.ts';
import { Weekday } from '../../schemas/business-calendar.ts';

/** One thing wrong with a calendar. `pointer` is RFC 6901 into the calendar, such as `/days/mon/1`. */
export interface CalendarIssue {
  pointer: string;
  detail: string;
}

/** What the schema cannot see. None: the calendar may be reckoned with. */
export function lintCalendar({ zone, days, holidays = [] }: BusinessCalendar): CalendarIssue[] {
  const issues: CalendarIssue[] = [];
  if (!IANAZone.isValidZone(zone)) issues.push({ pointer: '/zone', detail: `\`${zone}\` is no time zone this server knows` });
  if (Weekday.options.every((weekday) => (days[weekday] ?? []).length === 0)) issues.push({ pointer: '/days', detail: 'no day has opening hours' });
  for (const weekday of Weekday.options) lintSpans(days[weekday] ?? [], `/days/${weekday}`, issues);
  lintHolidays(holidays, issues);
  return issues;
}

/** Times of a fixed width order like their text. */
function lintSpans(spans: readonly OpeningSpan[], pointer: string, issues: CalendarIssue[]): void {
  for (const [position, span] of spans.entries()) {
    const before = spans[position - 1];
    if (span.from >= span.to) {
      issues.push({ pointer: `${pointer}/${position}`, detail: `ends at ${span.to}, which is not after ${span.from}; past midnight is the next day's` });
    }
    if (before !== undefined && span.from < before.to) {
      issues.push({ pointer: `${pointer}/${position}`, detail: `starts at ${span.from}, before the span ahead of it ends at ${before.to}` });
    }
  }
}

function lintHolidays(holidays: readonly string[], issues: CalendarIssue[]): void {
  const firstAt = new Map<string, number>();
  for (const [position, date] of holidays.entries()) {
    const pointer = `/holidays/${position}`;
    const earlier = firstAt.get(date);
    if (!DateTime.fromISO(date, { zone: 'utc' }).isValid) issues.push({ pointer, detail: `there is no ${date}` });
    else if (earlier !== undefined) issues.push({ pointer, detail: `${date} also stands at /holidays/${earlier}` });
    else firstAt.set(date, position);
  }
}
