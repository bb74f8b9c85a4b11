import { evaluateEvent } from '../core/decision/evaluate-event.ts';
import type { ObservedItem, ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import { restrain } from '../core/decision/restrain.ts';
import { takeBackAsk } from '../core/detection/asks.ts';
import { openSession, type SessionState } from '../core/detection/session-state.ts';
import { createKeyedQueue } from '../core/keyed-queue.ts';
import { decidedFromRecord } from '../core/ledger/event-record.ts';
import { createTurns } from '../core/turns.ts';
import { isDatabaseAway } from '../db/errors.ts';
import type { AgentConfig } from '../db/queries/decision-config.ts';
import type { BatchEntry, BatchSettled, BatchSettlement } from '../db/queries/settle-batch.ts';
import { keysOf, refsOf, type SubjectVault } from '../db/subject-vault.ts';
import type { AgentTouches } from './agent-touches.ts';
import { type DecisionState, type VersionedSession, whyStopped } from './decision-state.ts';
import { prepareEntry } from './settlement.ts';

export interface ObserverDeps {
  vault: SubjectVault;
  state: DecisionState;
  settleBatch: (batch: BatchSettlement) => Promise<BatchSettled>;
  touches: AgentTouches;
  /** Names this process to reservations of sessions. */
  holder: string;
  publicUrl: string;
  now: () => number;
}

/** By event id, those that are settled; the others are to be decided one by one. */
export type Observed = Map<string, ObservedItem>;

type Sent = ObserveEventsInput['events'][number];

/** After as many refusals somebody else writes to these sessions all the time. */
const MAX_ATTEMPTS = 6;

/**
 * Decides events that have happened already, in their order, and settles them in one statement. What has changed meanwhile is read anew and the rest of the batch
 * decided again; what cannot be settled so, because others write without pause or because the database refuses the statement, is left to the caller.
 */
export function createObserver({ vault, state, settleBatch, touches, holder, publicUrl, now }: ObserverDeps) {
  const deciding = createKeyedQueue();
  /** One batch after the other: two that shared the event loop would both be late, and then stand in one another's way in the database. */
  const decide = (input: ObserveEventsInput, events: readonly Sent[]) => deciding('batch', () => decideAlone(input, events));

  const decideAlone = async (input: ObserveEventsInput, events: readonly Sent[]) => {
    const { orgId } = input;
    const organization = await state.organization(orgId);
    const agents = new Map<string, AgentConfig | undefined>();
    const sessions = new Map<string, VersionedSession & { events: number }>();
    const touch = new Set<string>();
    const entries: (BatchEntry & Pick<BatchSettlement, 'keys'>)[] = [];
    const turns = createTurns();
    for (const { event, digest } of events) {
      const nowMs = now();
      const { agentId, sessionId } = event;
      if (!agents.has(agentId)) agents.set(agentId, await state.agent(orgId, agentId));
      const agent = agents.get(agentId);
      if (agent !== undefined && touches.isDue(orgId, agentId, nowMs)) touch.add(agentId);
      const session = sessionId === undefined ? null : (sessions.get(sessionId) ?? { ...state.session(orgId, sessionId, nowMs), events: 0 });
      const evaluated = evaluateEvent({
        orgId,
        event,
        profile: agent?.profile ?? null,
        session: session?.state ?? null,
        policy: organization.policy,
        nowMs,
        sha256Hex: vault.callHasher(orgId),
      });
      const restrained = restrain(evaluated, 'observed', whyStopped(organization, agentId, agent));
      const evaluation = { ...restrained, session: takeBackAsk(restrained.session, nowMs) };
      if (session !== null && evaluation.session !== null && sessionId !== undefined) {
        sessions.set(sessionId, { version: session.version, state: evaluation.session, events: session.events + 1 });
      }
      entries.push(prepareEntry(vault, { ...input, event, digest, mode: 'observed', evaluation, nowMs, publicUrl }));
      await turns.next();
    }
    return {
      configVersion: organization.version,
      entries,
      sessions,
      register: [...agents.keys()].filter((id) => agents.get(id) === undefined),
      touch: [...touch],
    };
  };

  const keepUp = async (orgId: string, { configChanged, keysStale, sessions }: Extract<BatchSettled, { status: 'refused' }>, keys: BatchSettlement['keys']) => {
    if (configChanged) state.forgetOrganization(orgId);
    if (keysStale) await vault.renew(orgId, refsOf(keys));
    for (const { id, version, state: text } of sessions) {
      state.keepSession(orgId, id, { version, state: text === null ? openSession(now()) : (JSON.parse(text) as SessionState) });
    }
  };

  return async function observe(input: ObserveEventsInput): Promise<Observed> {
    const { orgId } = input;
    const observed: Observed = new Map();
    let left: readonly Sent[] = input.events;
    for (let attempt = 0; left.length > 0 && attempt < MAX_ATTEMPTS; attempt += 1) {
      const { entries, sessions, ...rest } = await decide(input, left);
      const keys = keysOf(entries);
      const settled = await settleBatch({
        org: orgId,
        holder,
        ...rest,
        sessions: [...sessions].map(([id, { version, events, state: after }]) => ({ id, version, events, state: JSON.stringify(after) })),
        entries,
        keys,
      }).catch((error: unknown) => {
        if (isDatabaseAway(error)) throw error;
        return null;
      });
      if (settled === null) break;
      if (settled.status === 'recorded') {
        vault.taken(orgId, keys);
        touches.note(orgId, rest.touch, now());
        for (const [id, { version, events, state: after }] of sessions) state.keepSession(orgId, id, { version: version + events, state: after });
        // Read back from the text that was recorded, so that the first answer and every later one are the same to the byte.
        for (const [place, { body }] of entries.entries()) {
          const receipt = settled.receipts[place];
          const event = left[place]?.event;
          if (receipt !== undefined && event !== undefined) observed.set(event.id, decidedFromRecord(body, receipt));
        }
        return observed;
      }
      await keepUp(orgId, settled, keys);
      left = remaining(left, settled, observed);
    }
    return observed;
  };
}

/** Notes what stood already and what the month has no room for; the rest is tried again. */
function remaining(left: readonly Sent[], { known, room }: Extract<BatchSettled, { status: 'refused' }>, observed: Observed): Sent[] {
  for (const [place, { body, ...receipt }] of known) {
    const event = left[place]?.event;
    if (event !== undefined && body !== null) observed.set(event.id, decidedFromRecord(body, receipt));
  }
  // One that stands with another digest may be the same in the form of 0.1.0: it is looked at alone.
  const fresh = left.filter((_, place) => !known.has(place));
  for (const { event } of fresh.slice(room ?? fresh.length)) observed.set(event.id, { kind: 'quota', eventId: event.id });
  return fresh.slice(0, room ?? fresh.length);
}
