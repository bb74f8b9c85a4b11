import { createBoundedMap } from '../../../core/bounded-map.ts';
import { advanceSession } from '../../../core/detection/advance-session.ts';
import { openSession, type SessionState } from '../../../core/detection/session-state.ts';
import type { AgentProfile } from '../../compliance/src/api-types.ts';
import { randomId } from '../../compliance/src/random-id.ts';
import type { GovernedEvent } from './decision.ts';
import { asServerEvent, asServerProfile } from './server-types.ts';
import { sha256Hex } from './sha256-hex.ts';

export interface SessionTrackerOptions {
  /** Beyond it the one that was not used for longest is forgotten. Default: 10,000. */
  maxSessions?: number | undefined;
}

/** What is known of a session. Sticky once true: `untrusted`, `private`, `egress`, `terminal`. */
export type SessionView = Readonly<Pick<SessionState, 'steps' | 'startedAtMs' | 'tokens' | 'spend' | 'untrusted' | 'private' | 'egress' | 'terminal'>>;

/**
 * Sessions of agents, as this process has seen them: steps, budgets, and what the three bits of an attack chain say (untrusted content read,
 * private data read, something sent or changed). The server keeps its own; this one is for decisions without it.
 * @example const sessions = new SessionTracker(); const sessionId = sessions.start()
 */
export class SessionTracker {
  readonly #states: ReturnType<typeof createBoundedMap<SessionState>>;

  constructor({ maxSessions = 10_000 }: SessionTrackerOptions = {}) {
    this.#states = createBoundedMap(maxSessions);
  }

  /** Begins a session and names it. */
  start(sessionId = randomId('ses_')): string {
    this.#states.set(sessionId, openSession(Date.now()));
    return sessionId;
  }

  /** Counts an event that was not decided in this process. @returns the session after it; undefined for an event without one */
  track(event: GovernedEvent, { profile }: { profile?: AgentProfile | undefined } = {}): SessionView | undefined {
    const nowMs = Date.now();
    const session = this.stateOf(event, nowMs);
    const next = advanceSession({ orgId: null, event: asServerEvent(event), profile: asServerProfile(profile), session, nowMs, sha256Hex });
    if (next !== null) this.keep(event, next);
    return next ?? undefined;
  }

  /** Undefined: not known, or forgotten. */
  get(sessionId: string): SessionView | undefined {
    return this.#states.get(sessionId);
  }

  end(sessionId: string): void {
    this.#states.delete(sessionId);
  }

  get size(): number {
    return this.#states.size;
  }

  /** Before the event; null where it has no session. */
  stateOf({ sessionId }: GovernedEvent, nowMs: number): SessionState | null {
    return sessionId === undefined ? null : (this.#states.get(sessionId) ?? openSession(nowMs));
  }

  /** After the event. */
  keep({ sessionId }: GovernedEvent, state: SessionState): void {
    if (sessionId !== undefined) this.#states.set(sessionId, state);
  }
}
