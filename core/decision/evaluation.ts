import type { DecisionValue } from '../../schemas/decision.ts';
import type { SessionState } from '../detection/session-state.ts';
import type { ReviewPlan } from '../hitl/review.ts';
import type { Finding } from '../mast/finding.ts';

/** What the pure part of the decision path makes of one event. */
export interface Evaluation {
  value: DecisionValue;
  /** Of an event that has happened already and is flagged only: what would have been decided before it. */
  wouldHaveBeen?: 'BLOCK' | 'HITL';
  findings: Finding[];
  /** 0 to 100, `docs/spec/risk-score.md`. */
  riskScore: number;
  reasons: string[];
  /** `ruleId` null: the set's default or a detector's default outcome decided. Null: the organisation has no active policy. */
  policy: { version: string; ruleId: string | null } | null;
  /** Set where a rule's condition failed to evaluate. */
  policyError: { ruleId: string; detail: string } | null;
  review: ReviewPlan | null;
  /** Time the agent has to report how the action went; null where nobody asks. */
  attestWithinMs: number | null;
  /** Session after this event; null for an event without a session. */
  session: SessionState | null;
}
