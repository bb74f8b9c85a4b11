import type { LedgerFinding } from '../db/queries/ledger-checks.ts';

const TEXTS: Readonly<Record<string, string>> = {
  MALFORMED: 'is not what the format says',
  GAP: 'entries are missing from here on',
  DUPLICATE_SEQ: 'a number stands twice, or out of order',
  TIME_REGRESSION: 'is older than what stands before it',
  ENTRY_MISMATCH: 'is not the entry that was hashed',
  HEAD_MISMATCH: 'does not describe the last entry and the last checkpoint',
  BODY_MISMATCH: 'the recorded body was changed',
  PROJECTION_MISMATCH: 'a column says something else than what was recorded',
  ORPHAN_BODY: 'a body without an entry',
  UNEXPLAINED_MISSING: 'a body is missing, and no purge explains it',
  PREMATURE_PURGE: 'a body was purged before it was due, or while it was held',
  FALSE_STATEMENT: 'a purge entry contradicts the records of holds, plan changes or earlier purges',
  BAD_SIGNATURE: 'is not signed by the key of the log',
  CHECKPOINT_MISSING: 'a checkpoint is missing',
  INCONSISTENT_CHECKPOINTS: 'two signed checkpoints cannot be of one history',
  ROOT_MISMATCH: 'what was signed is not what is there',
  TRUNCATED: 'more was signed than there is',
  TILE_MISMATCH: 'is not the root of its hashes',
  MISSING_HEARTBEAT: 'nothing was signed for more than two hours before',
  BAD_PROOF: 'the newest checkpoint is not in the deployment log',
};

/** What a finding says to the people who are alerted. The codes: docs/spec/ledger-v1.md. */
export function findingText({ code, ref, count }: LedgerFinding): string {
  const times = count === 1 ? '' : `, and ${count - 1} more`;
  return `${code} at ${ref}${times}: ${TEXTS[code] ?? 'see the format'}`;
}
