import type { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Asker } from './asker.ts';

/** What one run of `governEvent` is started with. Encrypted by the payload codec before it leaves the process. */
export interface GovernEventInput extends Asker {
  orgId: string;
  event: GovernanceEvent;
  /** Keyed hash (hex) of the RFC 8785 text of `event`; a plain one in runs of 0.1.0. */
  digest: string;
  requestId: string;
  /** For `latencyMs`: epoch milliseconds at which the request arrived. */
  receivedAtMs: number;
}

/** What one run of `observeEvents` is started with. */
export interface ObserveEventsInput extends Omit<GovernEventInput, 'event' | 'digest'> {
  events: Pick<GovernEventInput, 'event' | 'digest'>[];
}

/** `quota`: the month's events are used up; the item was not recorded. */
export type ObservedItem = { kind: 'decided'; readonly decision: Decision } | { kind: 'conflict'; eventId: string } | { kind: 'quota'; eventId: string };
