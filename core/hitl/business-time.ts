import type { BusinessCalendar } from '../../schemas/business-calendar.ts';
import { openSpans } from './business-open-spans.ts';

/**
 * When `durationMs` of open time has passed since `startMs`: time that passes counts, not what the clocks show. A deadline that falls on
 * closing time is that closing time, not the next opening. The calendar has passed `lintCalendar`. Throws a RangeError when three years
 * do not hold enough open time.
 */
export function addBusinessTime(startMs: number, durationMs: number, calendar: BusinessCalendar): number {
  if (!(durationMs >= 0)) throw new RangeError(`a duration of ${durationMs} ms does not pass`);
  if (durationMs === 0) return startMs;
  let leftMs = durationMs;
  for (const { fromMs, toMs } of openSpans(calendar, startMs, startMs + SEARCHED_MS)) {
    if (leftMs <= toMs - fromMs) return fromMs + leftMs;
    leftMs -= toMs - fromMs;
  }
  throw new RangeError(`the calendar has no ${durationMs} ms of open time in the three years from ${startMs}`);
}

/** Open time between two moments; none when the second is not the later one. */
export function businessTimeBetween(fromMs: number, toMs: number, calendar: BusinessCalendar): number {
  let openMs = 0;
  for (const span of openSpans(calendar, fromMs, toMs)) openMs += span.toMs - span.fromMs;
  return openMs;
}

/** A calendar that is closed for longer is a mistake, and the search for its next opening has to end. */
const SEARCHED_MS = 3 * 366 * 86_400_000;
