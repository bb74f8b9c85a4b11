import { environmentVariable } from '../../compliance/src/environment.ts';
import { randomId } from '../../compliance/src/random-id.ts';
import type { EventDraft, GovernedEvent } from './decision.ts';
import type { Given, ShieldOptions } from './shield-options.ts';

/** Fills in what a draft leaves to the options: id, agent, session, principal, time. */
export function createEventNaming({
  agentId,
  sessionId,
  principal,
}: Pick<ShieldOptions, 'agentId' | 'sessionId' | 'principal'>): (draft: EventDraft) => GovernedEvent {
  const fallback = environmentVariable('MASTGUARD_AGENT_ID') ?? 'default-agent';
  return (draft) => {
    const session = draft.sessionId ?? given(sessionId);
    const whose = draft.principal ?? given(principal);
    // A draft that brings its own id may be asked about again: it must then be the same event.
    const occurredAt = draft.occurredAt ?? (draft.id === undefined ? new Date().toISOString() : undefined);
    return {
      ...draft,
      id: draft.id ?? randomId('evt_'),
      agentId: draft.agentId ?? given(agentId) ?? fallback,
      ...(occurredAt === undefined ? {} : { occurredAt }),
      ...(session === undefined ? {} : { sessionId: session }),
      ...(whose === undefined ? {} : { principal: whose }),
    };
  };
}

function given<Value>(value: Given<Value> | undefined): Value | undefined {
  return typeof value === 'function' ? (value as () => Value)() : value;
}
