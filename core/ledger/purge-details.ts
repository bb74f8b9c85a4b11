import { earlierPurges, type PreviousPurge } from './earlier-purges.ts';
import type { PurgeStatement, RetentionRules } from './retention.ts';

/** What is due in one organisation, as the database counted it. Times in epoch milliseconds, hashes in hex. */
export interface PurgeStatistics extends RetentionRules {
  /** Of the rules. */
  version: number;
  asOf: number;
  checkpointSize: number;
  due: { kind: number; retainDays: number; bodies: number }[];
  /** Bodies that are due but that no checkpoint covers. */
  unsigned: number;
  /** Behind the last body that is due; null where nothing ever was. */
  upTo: number | null;
  firstSeq: number | null;
  firstHash: string | null;
  lastSeq: number | null;
  lastHash: string | null;
  minIndex: number;
  anchorHash: string | null;
  previous: PreviousPurge | null;
}

/** The `details` of the entry that a purge appends first: the spec's statement, and what somebody who reads it wants to know besides. */
export interface PurgeDetails extends PurgeStatement {
  reason: 'retention';
  /** Bodies that were due then go, epoch milliseconds. */
  asOf: number;
  /** Of the checkpoint that covers all of it. */
  checkpointSize: number;
  /** Of the first and the last body that goes. */
  firstSeq: number;
  firstHash: string;
  lastSeq: number;
  lastHash: string;
}

export const bodiesDue = ({ due }: Pick<PurgeStatistics, 'due'>): number => due.reduce((sum, { bodies }) => sum + bodies, 0);

/** Null where nothing is due. */
export function purgeDetails(statistics: PurgeStatistics): PurgeDetails | null {
  const { asOf, checkpointSize, due, extended, reduced, held, upTo, firstSeq, firstHash, lastSeq, lastHash, minIndex, anchorHash, previous } = statistics;
  if (upTo === null || firstSeq === null || lastSeq === null || firstHash === null || lastHash === null) return null;
  const countOf = (kind: number): number => bodiesDue({ due: due.filter((item) => item.kind === kind) });
  return {
    reason: 'retention',
    asOf,
    checkpointSize,
    upTo,
    extended,
    reduced,
    held,
    earlier: earlierPurges(previous, { upTo, extended, reduced, held, minIndex, atMs: asOf }),
    counts: { agentEvents: countOf(1), hitlDecisions: countOf(2), auditRecords: countOf(3), policyViolations: countOf(4) },
    firstSeq,
    firstHash,
    lastSeq,
    lastHash,
    minIndex,
    anchorHash,
  };
}
