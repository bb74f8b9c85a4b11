import type { LineFormat } from './recorded-session.ts';
import { readEvent, UnreadableLine } from './recorded-session.ts';

/** One session a line: `{session, events: [...]}` with events of our schema. Other members, such as labels, are left aside. */
export const readSessionsLine: LineFormat = ({ session, events }) => {
  if (!Array.isArray(events)) return null;
  if (typeof session !== 'string' || session === '') throw new UnreadableLine('session: must name the session');
  return { session, events: events.map((event, index) => readEvent(event, `events[${index}]`)) };
};
