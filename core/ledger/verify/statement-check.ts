import type { EarlierPurge, Extension, HeldRange, PurgeRules, Reduction } from '../retention.ts';
import type { Findings } from './findings.ts';
import type { PlacedColumns } from './match-bodies.ts';
import type { PurgeEntry } from './missing-bodies.ts';
import { readPurgeStatement, readReduction } from './purge-statement.ts';
import type { Remark } from './read-bodies.ts';
import { createRulesOnRecord, outdoes, rangeOf } from './rules-on-record.ts';

type Place = Pick<PlacedColumns, 'seq' | 'at'>;

/** Compares the newest purge statement with the records before it: `FALSE_STATEMENT` of step 3 of docs/spec/ledger-v1.md. */
export interface StatementCheck {
  /** An entry of kind 3 whose body is missing, or is not what was hashed. */
  unread(entry: Place): void;
  remark(entry: Place, remark: Remark): void;
  /** Entries below `minIndex` are gone, and with them the record of a reduction that concerns only them. */
  end(findings: Findings, minIndex: number): void;
}

/** How far the time of a notice may lie from that of the entry which records it. */
const NOTICED_WITHIN_MS = 60_000;

/** Entries come in order of `seq`; those from the purge entry on are passed over. */
export function createStatementCheck(purge: PurgeEntry | undefined): StatementCheck {
  const { seq: purgeSeq = 0, statement } = purge ?? {};
  const rules = createRulesOnRecord();
  const { held = [], extended = [], reduced = null, earlier = [] } = statement ?? {};
  const unseen = new Set(earlier);
  let isNoticed = false;

  const isInTime = ({ seq, at }: Place, { beforeSeq, noticeAt }: Reduction): boolean => seq >= beforeSeq && Math.abs(at - noticeAt) <= NOTICED_WITHIN_MS;
  /** `said` undefined: nobody knows. */
  const see = (entry: Place, said: PurgeRules | undefined): void => {
    for (const each of unseen) if (isAt(each, entry) && (said === undefined || isSameRules(each, said))) unseen.delete(each);
  };

  return {
    unread(entry) {
      if (statement === undefined || entry.seq >= purgeSeq) return;
      rules.takeUnread();
      if (reduced !== null && isInTime(entry, reduced)) isNoticed = true;
      see(entry, undefined);
    },
    remark(entry, remark) {
      if (statement === undefined || entry.seq >= purgeSeq) return;
      rules.take(remark);
      if (remark.type === 'retention.reduced' && reduced !== null && isInTime(entry, reduced)) {
        const record = readReduction(remark.details);
        if (record !== undefined && isSameNotice(record, reduced) && record.days <= reduced.days) isNoticed = true;
      }
      const said = remark.type === 'ledger.purged' ? readPurgeStatement(remark.details) : undefined;
      if (said !== undefined) see(entry, said);
    },
    end(findings, minIndex) {
      if (statement === undefined) return;
      const forgotten = [...rules.holds].filter(([id, range]) => !held.some((hold) => hold.id === id && rangeOf(hold) === range)).length;
      const shortened = rules.extensions.filter((extension) => !extended.some((each) => outdoes(each, extension))).length;
      const isInvented = reduced !== null && reduced.beforeSeq > minIndex && !(isNoticed && isInForce(reduced, rules.reduction));
      const count = forgotten + shortened + Number(isInvented) + unseen.size;
      if (count > 0) findings.add('FALSE_STATEMENT', `entry:${purgeSeq}`, count);
    },
  };
}

const isAt = (earlier: EarlierPurge, { seq, at }: Place): boolean => earlier.at === at && (earlier.seq === undefined || earlier.seq === seq);

/** `newest` undefined: nobody knows. */
const isInForce = (reduced: Reduction, newest: Reduction | null | undefined): boolean => newest === undefined || isSameReduction(reduced, newest);

const isSameNotice = (a: Reduction, b: Reduction): boolean => a.beforeSeq === b.beforeSeq && a.noticeAt === b.noticeAt && a.effectiveAt === b.effectiveAt;

const isSameReduction = (a: Reduction | null, b: Reduction | null): boolean => (a === null || b === null ? a === b : a.days === b.days && isSameNotice(a, b));

const isSameRules = (a: PurgeRules, b: PurgeRules): boolean =>
  a.upTo === b.upTo && isSameReduction(a.reduced, b.reduced) && isSameList(a.extended, b.extended, isSameExtension) && isSameList(a.held, b.held, isSameHold);

const isSameExtension = (a: Extension, b: Extension): boolean => a.beforeSeq === b.beforeSeq && a.days === b.days;
const isSameHold = (a: HeldRange, b: HeldRange): boolean => a.id === b.id && a.from === b.from && a.until === b.until;

const isSameList = <T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean =>
  a.length === b.length && a.every((each, at) => b[at] !== undefined && isSame(each, b[at]));
