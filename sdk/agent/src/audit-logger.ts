import { canonicalize } from '../../../core/json/canonical.ts';
import type { Json } from '../../../schemas/json.ts';
import type { DecisionValue, Receipt } from '../../compliance/src/api-types.ts';
import type { DecisionSource, GovernedEvent, ShieldDecision } from './decision.ts';
import { sha256Hex } from './sha256-hex.ts';

/** One decision in the chain. What was asked is there as its digest alone. */
export interface AuditEntry {
  /** From 0. */
  seq: number;
  /** RFC 3339. */
  at: string;
  eventId: string;
  agentId: string;
  action: string;
  value: DecisionValue;
  source: DecisionSource;
  /** SHA-256 of the RFC 8785 text of the event. */
  eventDigest: string;
  /** Where the server has recorded the decision; null where it has not. */
  receipt: Receipt | null;
  /** `hash` of the entry before; for the first one 64 zeros. */
  prev: string;
  /** SHA-256 of the RFC 8785 text of all the other members. */
  hash: string;
}

export interface AuditLoggerOptions {
  /** Given every entry as it comes: the place to keep them for good, such as a file with a line for each. */
  sink?: ((entry: AuditEntry) => void) | undefined;
  /** The last entry that was kept, to go on from. */
  resume?: AuditEntry | undefined;
  /** As many stay in memory, the newest. Default: 10,000. */
  maxEntries?: number | undefined;
}

/** What is wrong with a chain: `hash`, the entry has been changed; `link`, what stands before it has been changed, taken out or put in. */
export interface AuditFault {
  seq: number;
  fault: 'hash' | 'link';
}

const GENESIS = '0'.repeat(64);

/**
 * A SHA-256 chain of all decisions of this process, with the receipts of the server: evidence on the agent's side, which `reconcile()` compares
 * with the ledger.
 * @example const audit = new AuditLogger({ sink: (entry) => file.write(JSON.stringify(entry) + '\n') })
 */
export class AuditLogger {
  readonly #sink: AuditLoggerOptions['sink'];
  readonly #maxEntries: number;
  #entries: AuditEntry[] = [];
  #last: AuditEntry | undefined;

  constructor({ sink, resume, maxEntries = 10_000 }: AuditLoggerOptions = {}) {
    this.#sink = sink;
    this.#last = resume;
    this.#maxEntries = maxEntries;
  }

  /** The newest entry; of `resume` before the first. */
  get head(): AuditEntry | undefined {
    return this.#last;
  }

  /** Oldest first. */
  get entries(): readonly AuditEntry[] {
    return this.#entries;
  }

  record(event: GovernedEvent, { value, source, receipt }: ShieldDecision): AuditEntry {
    const before = this.#last;
    const said = {
      seq: before === undefined ? 0 : before.seq + 1,
      at: new Date().toISOString(),
      eventId: event.id,
      agentId: event.agentId,
      action: event.action,
      value,
      source,
      eventDigest: digestOf(event),
      receipt: receipt ?? null,
      prev: before?.hash ?? GENESIS,
    };
    const entry: AuditEntry = { ...said, hash: digestOf(said) };
    this.#last = entry;
    this.#entries.push(entry);
    // In blocks: a shift with every entry would cost more than the entry.
    if (this.#entries.length >= this.#maxEntries * 2) this.#entries = this.#entries.slice(-this.#maxEntries);
    this.#sink?.(entry);
    return entry;
  }

  /** Recomputes a chain. @returns what is wrong with it; nothing where it is whole */
  static verify(entries: Iterable<AuditEntry>): AuditFault[] {
    const faults: AuditFault[] = [];
    let before: AuditEntry | undefined;
    for (const entry of entries) {
      const { hash, ...said } = entry;
      if (digestOf(said) !== hash) faults.push({ seq: entry.seq, fault: 'hash' });
      if (before === undefined ? entry.seq === 0 && entry.prev !== GENESIS : entry.seq !== before.seq + 1 || entry.prev !== before.hash) {
        faults.push({ seq: entry.seq, fault: 'link' });
      }
      before = entry;
    }
    return faults;
  }
}

/** As it is sent: without members that are undefined. */
const digestOf = (value: object): string => sha256Hex(canonicalize(JSON.parse(JSON.stringify(value)) as Json));
