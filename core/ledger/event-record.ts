import type { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { SessionFacts } from '../policy/evaluate.ts';
import type { Finding } from '../mast/finding.ts';
import type { ErasableEvent, ReadableEvent } from './personal-fields.ts';
import type { SealedObject } from './sealed-object.ts';

/** What the body of an `agent_events` entry says beside the event. Receipt and chain position are outside: they depend on it. */
interface RecordedDecision {
  /** `governed`: decided before the act. `observed`: reported afterwards, so ALERT at most. */
  mode: 'governed' | 'observed';
  decision: Omit<Decision, 'receipt'>;
  /** Of an observed event that is flagged only: what would have been decided before it. Absent in records of before migration 0021. */
  wouldHaveBeen?: 'BLOCK' | 'HITL';
  /** The time the session rules saw; replaying the session needs it. RFC 3339. */
  evaluatedAt: string;
  findings: Finding[];
  /** The session before the event, as conditions see it: the event may be weighed again while it waits for people. */
  sessionBefore?: SessionFacts;
  /** The grant that let the action pass. */
  grant?: string;
  policyError?: { ruleId: string; detail: string };
  /** `key:<id>` or `member:<id>`. */
  requester: string;
  requestId: string;
}

/** The body, before RFC 8785. Version 1, of 0.1.0, has the whole event in it and nothing sealed. */
export type StoredEventRecord =
  | (RecordedDecision & { v: 1; event: GovernanceEvent })
  | (RecordedDecision & {
      v: 2;
      event: ReadableEvent;
      /** Reference of the subject whose the free text is, and what people write about the event later. */
      holder: string;
      /** One per data subject. */
      sealed: SealedObject[];
      /** As the column beside the body. */
      eventDigest: string;
    });

/** A recorded event with its personal fields opened. `erased`: some of them are gone for good. */
export type EventRecord = RecordedDecision & { holder: string } & ({ erased: false; event: GovernanceEvent } | { erased: true; event: ErasableEvent });

/** A recorded event of which nothing is missing. */
export type WholeEventRecord = Extract<EventRecord, { erased: false }>;

/** Position of a recorded event, as the database answers it. */
export interface EntryPosition {
  seq: number;
  /** Lower-case hex. */
  entryHash: string;
  checkpointSize: number;
}

/** The decision exactly as it was first answered. It needs no key: a decision holds nothing personal. */
export function decisionFromRecord(body: string, { seq, entryHash, checkpointSize }: EntryPosition): Decision {
  const { decision } = JSON.parse(body) as StoredEventRecord;
  return { ...decision, receipt: { seq, entryHash, checkpointSize } };
}

/**
 * What whoever is about to act is answered: the decision on record, but where that only flags what had happened already. An agent that reports an event
 * afterwards, such as one whose action was refused while nobody could be asked, and then asks under the same id, is not let pass by the flag.
 */
export function permissionFromRecord(body: string, position: EntryPosition): Decision {
  const decision = decisionFromRecord(body, position);
  const { mode, wouldHaveBeen } = JSON.parse(body) as StoredEventRecord;
  const held = mode === 'observed' ? (wouldHaveBeen ?? FLAGGED.exec(decision.reasons[0] ?? '')?.[1]) : undefined;
  if (held === undefined) return decision;
  return { ...decision, value: 'BLOCK', reasons: [`recorded after the fact, where it would have been ${held}: ask under a new id`, ...decision.reasons] };
}

/** Records of before migration 0021 say it in their first reason alone. */
const FLAGGED = /^observed after the fact; would have been (BLOCK|HITL)$/;

/** The same as an outcome. The text is read when the decision is asked for, once: of most observed events nobody asks. */
export function decidedFromRecord(body: string, position: EntryPosition): { kind: 'decided'; readonly decision: Decision } {
  let decision: Decision | undefined;
  return {
    kind: 'decided',
    get decision() {
      return (decision ??= decisionFromRecord(body, position));
    },
  };
}
