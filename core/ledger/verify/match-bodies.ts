import { bodyHashOf, columnsOf, readClaim } from './claim.ts';
import type { Columns } from './claim.ts';
import type { Findings } from './findings.ts';
import type { BodyBatch, Remark } from './read-bodies.ts';

/** Bodies beside their entries: step 2 of docs/spec/ledger-v1.md. Both come in order of `seq`, so neither is held. */
export interface BodyMatcher {
  /**
   * The entry's body is looked for in the batch at hand. False: the batch is used up, and the same entry must be asked for again after
   * {@link refill}.
   */
  take(seq: number, claim: string): boolean;
  /** The next batch; undefined where there are no more. */
  refill(batch: BodyBatch | undefined): void;
  /** After the last entry: what is left of the batch belongs to none. False: another batch must follow. */
  drain(): boolean;
}

export type PlacedColumns = Columns & { seq: number };

export interface BodyEvents {
  /** An entry that is present, without a body. */
  missing: (entry: PlacedColumns) => void;
  /** An entry whose body is not what was hashed: nothing it says counts. */
  changed: (entry: PlacedColumns) => void;
  /** A body of kind 3 that is what was hashed, and speaks of the ledger itself. */
  remark: (entry: PlacedColumns, remark: Remark, claim: string) => void;
  isCheckpointSize: (size: number) => boolean;
}

export function createBodyMatcher(findings: Findings, { missing, changed, remark, isCheckpointSize }: BodyEvents): BodyMatcher {
  let batch: BodyBatch | undefined;
  let remarks = new Map<number, Remark>();
  let isOver = false;
  let at = 0;
  let lastSeq = -1;

  /** Number of the body at hand; undefined where the batch is used up. Bodies out of order are passed over. */
  const current = (): number | undefined => {
    for (const seqs = batch?.seqs ?? []; at < seqs.length;) {
      const seq = seqs[at] ?? 0;
      if (seq > lastSeq) return seq;
      findings.add('DUPLICATE_SEQ', `body:${seq}`);
      at += 1;
    }
    return undefined;
  };
  const pass = (seq: number): void => {
    lastSeq = seq;
    at += 1;
  };
  const compare = ({ agree, checkpointSizes, claims }: BodyBatch, seq: number, expected: string): void => {
    const claim = claims[at] ?? '';
    const isClaimed = claim === expected;
    let isProjected = isClaimed || columnsOf(claim) === columnsOf(expected);
    if (isClaimed || bodyHashOf(claim) === bodyHashOf(expected)) {
      const size = checkpointSizes[at] ?? 0;
      isProjected &&= agree[at] === 1 && (size === 0 || (size <= seq && isCheckpointSize(size)));
      const said = remarks.get(at);
      const entry = said === undefined ? undefined : { seq, ...readClaim(expected) };
      if (said !== undefined && entry?.kind === 3) remark(entry, said, claim);
    } else {
      findings.add('BODY_MISMATCH', `entry:${seq}`);
      changed({ seq, ...readClaim(expected) });
    }
    if (!isProjected) findings.add('PROJECTION_MISMATCH', `entry:${seq}`);
  };

  return {
    take(entrySeq, claim) {
      for (;;) {
        const seq = current();
        if (seq === undefined && !isOver) return false;
        if (seq === undefined || seq > entrySeq) {
          missing({ seq: entrySeq, ...readClaim(claim) });
          return true;
        }
        if (seq === entrySeq && batch !== undefined) {
          compare(batch, seq, claim);
          pass(seq);
          return true;
        }
        findings.add('ORPHAN_BODY', `body:${seq}`);
        pass(seq);
      }
    },
    refill(next) {
      batch = next;
      remarks = new Map(next?.remarks);
      isOver = next === undefined;
      at = 0;
    },
    drain() {
      for (let seq = current(); seq !== undefined; seq = current()) {
        findings.add('ORPHAN_BODY', `body:${seq}`);
        pass(seq);
      }
      return isOver;
    },
  };
}
