import type { BusinessCalendar } from '../../schemas/business-calendar.ts';
import { Weekday } from '../../schemas/business-calendar.ts';
import { steadyStretches } from './business-offsets.ts';

export interface OpenSpan {
  fromMs: number;
  toMs: number;
}

/**
 * The open time within `[fromMs, toMs)`, in order. A moment is open when the zone's clocks then show an open date and time: hours the
 * clocks skip are never shown, hours they repeat are shown twice. One opening may come in several adjoining pieces.
 */
export function* openSpans(calendar: BusinessCalendar, fromMs: number, toMs: number): Generator<OpenSpan> {
  const openingsOn = openingsByDay(calendar);
  for (const stretch of steadyStretches(calendar.zone, fromMs, toMs)) {
    const lastDay = dayAt(stretch.toMs - 1 + stretch.offsetMs);
    for (let day = dayAt(stretch.fromMs + stretch.offsetMs); day <= lastDay; day++) {
      const midnightMs = day * DAY_MS - stretch.offsetMs;
      for (const opening of openingsOn(day)) {
        const span = { fromMs: Math.max(stretch.fromMs, midnightMs + opening.fromMs), toMs: Math.min(stretch.toMs, midnightMs + opening.toMs) };
        if (span.fromMs < span.toMs) yield span;
      }
    }
  }
}

/** Openings of a local day, in milliseconds the clocks show since midnight. Days are numbered from 1970-01-01, a Thursday. */
function openingsByDay({ days, holidays = [] }: BusinessCalendar): (day: number) => readonly OpenSpan[] {
  const closed = new Set(holidays.map((date) => dayAt(Date.parse(`${date}T00:00:00Z`))));
  const week = Weekday.options.map((weekday) => (days[weekday] ?? []).map(({ from, to }) => ({ fromMs: clockMs(from), toMs: clockMs(to) })));
  return (day) => (closed.has(day) ? [] : (week[(((day + THURSDAY) % 7) + 7) % 7] ?? []));
}

const clockMs = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;

const dayAt = (localMs: number): number => Math.floor(localMs / DAY_MS);

const DAY_MS = 86_400_000;
const THURSDAY = Weekday.options.indexOf('thu');
