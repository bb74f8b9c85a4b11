import type { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Finding } from '../mast/finding.ts';

/** Body of an `agent_events` entry, before RFC 8785. Receipt and chain position are outside: they depend on it. */
export interface EventRecord {
  v: 1;
  /** `governed`: decided before the act. `observed`: reported afterwards, so ALERT at most. */
  mode: 'governed' | 'observed';
  event: GovernanceEvent;
  decision: Omit<Decision, 'receipt'>;
  /** The time the session rules saw; replaying the session needs it. RFC 3339. */
  evaluatedAt: string;
  findings: Finding[];
  /** The grant that let the action pass. */
  grant?: string;
  policyError?: { ruleId: string; detail: string };
  /** `key:<id>` or `member:<id>`. */
  requester: string;
  requestId: string;
}

/** Position of a recorded event, as the database answers it. */
export interface EntryPosition {
  seq: number;
  /** Lower-case hex. */
  entryHash: string;
  checkpointSize: number;
}

/** The decision exactly as it was first answered. */
export function decisionFromRecord(body: string, { seq, entryHash, checkpointSize }: EntryPosition): Decision {
  const { decision } = JSON.parse(body) as EventRecord;
  return { ...decision, receipt: { seq, entryHash, checkpointSize } };
}
