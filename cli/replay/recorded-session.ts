import { EventInput } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';

/** Events of one session as one line of a recording gives them, in their order. */
export interface RecordedSession {
  /** Null: events that belong to no session. */
  session: string | null;
  events: EventInput[];
}

/** Reads one line; null where it is of another format. Throws {@link UnreadableLine} where it is of this one and broken. */
export type LineFormat = (line: { [key: string]: Json }) => RecordedSession | null;

export class UnreadableLine extends Error {}

/** Checks what a format made of a line. `at` names the place, such as `events[3]`. */
export function readEvent(event: unknown, at: string): EventInput {
  const parsed = EventInput.safeParse(event);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UnreadableLine([at, issue?.path.join('.'), issue?.message].filter((part) => part !== undefined && part !== '').join(': '));
}
