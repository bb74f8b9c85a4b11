export type FindingCode =
  | 'BAD_PROOF'
  | 'BAD_SIGNATURE'
  | 'BODY_MISMATCH'
  | 'CHECKPOINT_MISSING'
  | 'DUPLICATE_SEQ'
  | 'ENTRY_MISMATCH'
  | 'FALSE_STATEMENT'
  | 'GAP'
  | 'HEAD_MISMATCH'
  | 'INCONSISTENT_CHECKPOINTS'
  | 'MALFORMED'
  | 'MISSING_HEARTBEAT'
  | 'ORPHAN_BODY'
  | 'PREMATURE_PURGE'
  | 'PROJECTION_MISMATCH'
  | 'RECEIPT_NOT_IN_LOG'
  | 'ROOT_MISMATCH'
  | 'TILE_MISMATCH'
  | 'TIME_REGRESSION'
  | 'TRUNCATED'
  | 'UNEXPLAINED_MISSING';

export interface Finding {
  code: FindingCode;
  /** The one found first, such as `entry:17`. */
  ref: string;
  count: number;
}

export interface Findings {
  add(code: FindingCode, ref: string, count?: number): void;
  /** By code, then by sort of reference. */
  list(): Finding[];
}

/** Collects what is found: one finding for each code and sort of reference, however many there are. */
export function createFindings(): Findings {
  const found = new Map<string, Finding & { sort: string }>();
  return {
    add(code, ref, count = 1) {
      const sort = sortOf(ref);
      const key = `${code} ${sort}`;
      const finding = found.get(key);
      if (finding === undefined) found.set(key, { code, ref, count, sort });
      else finding.count += count;
    },
    list: () =>
      [...found.values()]
        .toSorted((a, b) => (a.code === b.code ? order(a.sort, b.sort) : order(a.code, b.code)))
        .map(({ code, ref, count }) => ({ code, ref, count })),
  };
}

/** What stands before the colon. Each file is a sort of its own. */
const sortOf = (ref: string): string => (ref.startsWith('file:') ? ref : (ref.split(':', 1)[0] ?? ref));

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
