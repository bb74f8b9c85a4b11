import { ASKS_RING_SIZE, type SessionState } from './session-state.ts';

/** The session once an event of it has gone to people; null where there is none. */
export function noteAsk(session: SessionState | null, atMs: number): SessionState | null {
  return session === null ? null : { ...session, asks: [...(session.asks ?? []), atMs].slice(-ASKS_RING_SIZE) };
}

/** The session where the event that was to go to people did not: a grant let it pass, the agent is stopped, or it has happened already. */
export function takeBackAsk(session: SessionState | null, atMs: number): SessionState | null {
  return session?.asks?.at(-1) === atMs ? { ...session, asks: session.asks.slice(0, -1) } : session;
}
