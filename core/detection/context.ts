import type { AgentProfile } from '../../schemas/agent.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Sha256Hex } from '../hashing.ts';
import type { SessionState } from './session-state.ts';

/** All a detector may look at. Same context, same findings: no clock, no randomness, no I/O. */
export interface DetectionContext {
  /** Null: whose organisation decides is not known. */
  orgId: string | null;
  event: GovernanceEvent;
  /** Null: the agent has no profile, so nothing was granted or denied. */
  profile: AgentProfile | null;
  /** State before this event; null for an event without a session. */
  session: SessionState | null;
  nowMs: number;
  sha256Hex: Sha256Hex;
}
