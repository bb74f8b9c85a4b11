import type { DecisionValue } from '../../schemas/decision.ts';
import type { EventInput, GovernanceEvent } from '../../schemas/event.ts';
import type { MastCategory } from '../../schemas/mast.ts';

export interface StoryEvent {
  /** Its id is fixed, so that sending it again returns the decision on record. A changed body needs a new id. */
  event: GovernanceEvent;
  expected: ExpectedDecision;
}

/** What the demo policy and the detectors make of it. `categories` are distinct and sorted. */
export interface ExpectedDecision {
  value: DecisionValue;
  categories: readonly MastCategory[];
}

const DAY = '2026-06-09';

type Scene = Pick<EventInput, 'agentId' | 'sessionId'>;
type Told = Omit<EventInput, 'id' | 'agentId' | 'sessionId' | 'occurredAt'>;

/**
 * A teller for one agent in one session: id, time of day (UTC) and event, then what is to come of it.
 * @example tell('demo-01-health', '02:41', { action: 'check_service_health' }, 'ALLOW')
 */
export function teller(scene: Scene) {
  return (id: string, timeOfDay: string, told: Told, value: DecisionValue, ...categories: MastCategory[]): StoryEvent => ({
    event: { id, ...scene, occurredAt: `${DAY}T${timeOfDay}:00Z`, ...told },
    expected: { value, categories },
  });
}
