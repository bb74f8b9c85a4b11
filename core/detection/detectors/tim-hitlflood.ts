import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import { isAgentStep } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { ASKS_RING_SIZE } from '../session-state.ts';

/** Events of a session that went to people. Calibration: `docs/spec/detectors.md`. */
export const FLOOD_THRESHOLD = { asks: 10, withinMs: 600_000 } as const;

/** A session that keeps asking people: reviewers who are asked too often stop reading. It flags what the agent does next, and decides nothing. */
export function detectTimHitlflood({ event, session, nowMs }: DetectionContext, _views: readonly EventText[]): Finding | null {
  if (session === null || !isAgentStep(event)) return null;
  const { asks, withinMs } = FLOOD_THRESHOLD;
  const recent = (session.asks ?? []).filter((atMs) => nowMs - atMs <= withinMs).length;
  if (recent < asks) return null;
  return {
    detector: 'tim.hitlflood',
    category: 'Time',
    mode: null,
    confidence: 0.8,
    outcome: 'alert',
    reason: `The session asked people ${recent < ASKS_RING_SIZE ? '' : 'at least '}${recent} times within ten minutes.`,
    evidence: { asks: recent, withinMs },
  };
}
