import type { Finding } from '../../mast/finding.ts';
import { callHash } from '../call-hash.ts';
import type { DetectionContext } from '../context.ts';
import type { EventText } from '../event-texts.ts';

/** Repeats of one call, this one included. Calibration: `docs/spec/detectors.md`. */
export const LOOP_THRESHOLDS = { alertConsecutive: 3, alertTotal: 4, blockConsecutive: 5, blockTotal: 8 } as const;

/** The same call again and again within the last 64 steps of a session. Messages, results and other agents' steps neither count nor break a run. */
export function detectTimLoop({ event, session, sha256Hex }: DetectionContext, _views: readonly EventText[]): Finding | null {
  if (session === null) return null;
  const hash = callHash(event, sha256Hex);
  if (hash === '') return null;
  const calls = session.ring.filter((step) => step.agentId === event.agentId && step.callHash !== '');
  const total = 1 + calls.filter((step) => step.callHash === hash).length;
  const consecutive = calls.length - calls.findLastIndex((step) => step.callHash !== hash);
  const { alertConsecutive, alertTotal, blockConsecutive, blockTotal } = LOOP_THRESHOLDS;
  const blocks = consecutive >= blockConsecutive || total >= blockTotal;
  if (!blocks && consecutive < alertConsecutive && total < alertTotal) return null;
  return {
    detector: 'tim.loop',
    category: 'Time',
    mode: 'FM-1.3',
    confidence: blocks ? 0.95 : 0.8,
    outcome: blocks ? 'block' : 'alert',
    reason: `The same call was made ${consecutive} times in a row and ${total} times in the session's last steps.`,
    evidence: { consecutive, total, callHash: hash },
  };
}
