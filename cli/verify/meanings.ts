import type { FindingCode } from '../../core/ledger/verify/findings.ts';

/** One sentence for people on each finding; docs/verify.md says more. */
export const MEANINGS: Readonly<Record<FindingCode, string>> = {
  BAD_PROOF: 'the proof does not lead to the signed root',
  BAD_SIGNATURE: 'not signed by the key it should be signed by, or its time is not',
  BODY_MISMATCH: 'the record is not what was hashed when it was written',
  CHECKPOINT_MISSING: 'a checkpoint is missing',
  DUPLICATE_SEQ: 'a number stands twice, or out of order',
  ENTRY_MISMATCH: 'the entry, or its link to the one before, is not what was hashed',
  FALSE_STATEMENT: 'the purge entry says otherwise than the records of holds, plan changes and purges',
  GAP: 'entries are missing from here on',
  HEAD_MISMATCH: 'the head does not describe the last entry and the last checkpoint',
  INCONSISTENT_CHECKPOINTS: 'two histories were signed, or this is another one than was kept elsewhere',
  MALFORMED: 'missing, or not written as an export is',
  MISSING_HEARTBEAT: 'nothing was signed for more than two hours before, and nothing says why',
  ORPHAN_BODY: 'a record without an entry',
  PREMATURE_PURGE: 'a record was purged before it was due, or while it was held',
  PROJECTION_MISMATCH: 'what is stored beside the record, or beside the note, says something else',
  RECEIPT_NOT_IN_LOG: 'a receipt was given for an entry that is not there, or is another one',
  ROOT_MISMATCH: 'the signed root is not the root of these entries',
  TILE_MISMATCH: 'the root of a tile is missing, too many, or not the root of its hashes',
  TIME_REGRESSION: 'older than the one before',
  TRUNCATED: 'more was signed, or receipted, than there is',
  UNEXPLAINED_MISSING: 'a record is missing and no purge entry covers it',
};
