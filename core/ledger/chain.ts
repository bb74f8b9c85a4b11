import type { Sha256Hex } from '../hashing.ts';

/** One row of the spine. Hashes are lower-case hex. */
export interface SpineEntry {
  org: string;
  seq: number;
  kind: number;
  id: string;
  /** Epoch milliseconds. */
  atMs: number;
  retainDays: number;
  bodyHash: string;
  entryHash: string;
}

export type ChainFinding = {
  code: 'BODY_MISMATCH' | 'ENTRY_MISMATCH' | 'GAP' | 'DUPLICATE_SEQ' | 'TIME_REGRESSION' | 'HEAD_MISMATCH';
  org: string;
  seq: number;
};

export interface ChainVerifier {
  /** Entries in order of `seq`; `body` is the recorded text, undefined where it has been purged. */
  add: (entry: SpineEntry, body: string | undefined) => void;
  /** Closes with the stored head: what a truncated tail contradicts. */
  end: (head: { nextSeq: number; head: string }) => ChainFinding[];
}

/** What an entry hashes to says everything about it, its predecessor included: `docs/spec/ledger-v1.md`. */
export function entryText({ org, seq, kind, id, atMs, retainDays, bodyHash }: SpineEntry, prev: string): string {
  return `{"at":${atMs},"body":"${bodyHash}","id":"${id}","kind":${kind},"org":"${org}","prev":"${prev}","retain":${retainDays},"seq":${seq},"v":1}`;
}

/** The link before the first entry. */
export const genesisOf = (org: string, sha256Hex: Sha256Hex): string => sha256Hex(`mg-chain-v1:${org}`);

/** RFC 6962 leaf hash of the entry's text. */
export const leafHash = (text: string, sha256Hex: Sha256Hex): string => sha256Hex(`\u0000${text}`);

export type ChainFault = Exclude<ChainFinding['code'], 'BODY_MISMATCH' | 'HEAD_MISMATCH'>;

export interface Chain {
  /** The number that comes next: how many entries there are. */
  readonly next: number;
  /** The last entry hash; before the first entry its link. */
  readonly head: string;
  /** Epoch milliseconds of the last entry, -Infinity before the first. */
  readonly lastMs: number;
  /** Goes on from the entry whatever is found. `find` is told each fault with the number it is about. */
  add: (entry: SpineEntry, find: FindFault) => void;
  /** The same where it is known already whether the entry's hash is that of the entry after the {@link head}. */
  follow: (entry: ChainLink, isLinked: boolean, find: FindFault) => void;
}

type FindFault = (fault: ChainFault, seq: number) => void;

/** What of an entry a chain goes on from. */
export type ChainLink = Pick<SpineEntry, 'seq' | 'atMs' | 'entryHash'>;

/** Whether the entry's hash is that of what it says, after an entry with the hash `prev`. */
export const isLinked = (entry: SpineEntry, prev: string, sha256Hex: Sha256Hex): boolean => leafHash(entryText(entry, prev), sha256Hex) === entry.entryHash;

/** Recomputes one organisation's chain, from its first entry or from `start` on: step 1 of docs/spec/ledger-v1.md. */
export function createChain(org: string, sha256Hex: Sha256Hex, start: { next: number; head: string } = { next: 0, head: genesisOf(org, sha256Hex) }): Chain {
  let { next, head } = start;
  let lastMs = Number.NEGATIVE_INFINITY;
  const follow: Chain['follow'] = ({ seq, atMs, entryHash }, isEntry, find) => {
    if (seq < next) find('DUPLICATE_SEQ', seq);
    else if (seq > next) find('GAP', next);
    if (atMs < lastMs) find('TIME_REGRESSION', seq);
    if (!isEntry) find('ENTRY_MISMATCH', seq);
    head = entryHash;
    next = Math.max(next, seq + 1);
    lastMs = atMs;
  };
  return {
    get next() {
      return next;
    },
    get head() {
      return head;
    },
    get lastMs() {
      return lastMs;
    },
    add(entry, find) {
      follow(entry, isLinked(entry, head, sha256Hex), find);
    },
    follow,
  };
}

/** Chain and bodies of a ledger that is read whole. */
export function createChainVerifier(org: string, sha256Hex: Sha256Hex): ChainVerifier {
  const findings: ChainFinding[] = [];
  const chain = createChain(org, sha256Hex);
  const find = (code: ChainFinding['code'], seq: number): void => void findings.push({ code, org, seq });
  return {
    add(entry, body) {
      if (body !== undefined && sha256Hex(body) !== entry.bodyHash) find('BODY_MISMATCH', entry.seq);
      chain.add(entry, find);
    },
    end({ nextSeq, head }) {
      if (nextSeq !== chain.next || head !== chain.head) find('HEAD_MISMATCH', chain.next);
      return findings;
    },
  };
}
