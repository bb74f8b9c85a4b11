import { explains } from '../retention.ts';
import type { PurgeStatement } from '../retention.ts';
import type { Findings } from './findings.ts';
import type { PlacedColumns } from './match-bodies.ts';
import { readPurgeStatement } from './purge-statement.ts';
import type { Remark } from './read-bodies.ts';

/** A `ledger.purged` record in its place. */
export interface PurgeEntry {
  /** What tells it from any other: number, time, columns and hash of its body. */
  key: string;
  seq: number;
  /** Undefined where its details are not of their form. */
  statement: (PurgeStatement & { purgedAtMs: number }) | undefined;
}

export function purgeEntryOf({ seq, at }: Pick<PlacedColumns, 'seq' | 'at'>, { details }: Remark, claim: string): PurgeEntry {
  const statement = readPurgeStatement(details);
  return { key: `${seq} ${at} ${claim}`, seq, statement: statement === undefined ? undefined : { ...statement, purgedAtMs: at } };
}

/**
 * Judges missing bodies by the newest purge entry: step 3 of docs/spec/ledger-v1.md. That entry comes after what it explains, so it is `presumed`:
 * whoever reads compares it with the one that was the newest in the end, and reads again where it was another.
 */
export function createMissingBodies(findings: Findings, presumed: PurgeEntry | undefined) {
  let count = 0;
  return {
    get count() {
      return count;
    },
    add({ seq, at, retain }: PlacedColumns): void {
      count += 1;
      const { statement } = presumed ?? {};
      const answer = statement === undefined ? 'uncovered' : explains(statement, { seq, atMs: at, retainDays: retain });
      if (answer === 'uncovered') findings.add('UNEXPLAINED_MISSING', `entry:${seq}`);
      if (answer === 'premature') findings.add('PREMATURE_PURGE', `entry:${seq}`);
    },
  };
}
