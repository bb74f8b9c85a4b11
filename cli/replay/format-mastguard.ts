import type { LineFormat } from './recorded-session.ts';
import { readEvent } from './recorded-session.ts';

/** One event of our schema a line; `sessionId` says which lines belong together. */
export const readMastguardLine: LineFormat = (line) => {
  if (line['agentId'] === undefined || line['action'] === undefined) return null;
  const event = readEvent(line, '');
  return { session: event.sessionId ?? null, events: [event] };
};
