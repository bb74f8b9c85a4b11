import type { Json } from '../../schemas/json.ts';
import { callHash } from './call-hash.ts';
import type { DetectionContext } from './context.ts';
import { isAgentStep, isToolCall } from './event-kind.ts';
import { SESSION_RING_SIZE, type SessionState } from './session-state.ts';
import { toolLabels } from './tool-labels.ts';

/**
 * The session after this event; null where the event has none. The state passed in is not changed.
 * A step is something the agent did. Steps that are messages carry an empty call hash: they neither make nor break a loop.
 */
export function advanceSession({ event, profile, session, nowMs, sha256Hex }: DetectionContext): SessionState | null {
  if (session === null) return null;
  const stepped = isAgentStep(event);
  const labels = event.tool === undefined ? null : toolLabels(event.tool, profile);
  const step = { agentId: event.agentId, action: event.action, callHash: callHash(event, sha256Hex), atMs: nowMs };
  const readUntrusted = event.trust === 'untrusted' || (event.channel === 'tool_result' && event.trust !== 'trusted' && labels?.source === 'untrusted');
  return {
    steps: session.steps + (stepped ? 1 : 0),
    startedAtMs: session.startedAtMs,
    ring: stepped ? [...session.ring, step].slice(-SESSION_RING_SIZE) : session.ring.slice(-SESSION_RING_SIZE),
    tokens: session.tokens + amount(event.metadata?.['tokens']),
    spend: session.spend + amount(event.metadata?.['cost']),
    untrusted: session.untrusted || readUntrusted,
    private: session.private || labels?.reads === 'private',
    egress: session.egress || (isToolCall(event) && labels !== null && labels.effect !== 'none'),
    terminal: session.terminal || event.metadata?.['terminal'] === true,
    ...(session.asks === undefined ? {} : { asks: session.asks }),
  };
}

/** Negative and non-numeric amounts count as nothing: they must not buy budget back. */
const amount = (value: Json | undefined): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0);
