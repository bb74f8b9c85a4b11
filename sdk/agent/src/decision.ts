import type { Decision, DecisionValue, EventInput } from '../../compliance/src/api-types.ts';

/** An event as it is governed: with the id it is found under. */
export interface GovernedEvent extends EventInput {
  id: string;
}

/** An event before agent, session and id are filled in from the options. */
export type EventDraft = Omit<EventInput, 'agentId'> & { agentId?: string | undefined };

/**
 * Who decided. `server`: MastGuard; the decision is in the ledger. `local`: the policy in this process. `fail-mode`: MastGuard could not be
 * asked, and `onUnavailable` said what then.
 */
export type DecisionSource = 'server' | 'local' | 'fail-mode';

/** What was decided about one event. */
export interface ShieldDecision extends Pick<Decision, 'eventId' | 'value' | 'mast' | 'riskScore' | 'reasons' | 'policy' | 'review' | 'attestation'> {
  source: DecisionSource;
  /** Where the decision stands in the ledger; absent where the server has not recorded it. */
  receipt?: Decision['receipt'] | undefined;
}

/** ALLOW and ALERT let an action go on; whatever a later server may answer besides does not. */
export const letsPass = (value: DecisionValue): boolean => value === 'ALLOW' || value === 'ALERT';

/** Decides an event. Rejects only where nothing was decided. */
export type Decide = (event: GovernedEvent, options: { signal?: AbortSignal | undefined }) => ShieldDecision | Promise<ShieldDecision>;
