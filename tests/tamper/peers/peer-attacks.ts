import { createHash } from 'node:crypto';

/** As the SDK writes them; `exportJSON` gives a list of these. */
export interface AuditLoggerEntry {
  timestamp: string;
  agentId: string;
  action: string;
  decision: string;
  hash: string;
  previousHash: string;
}

export interface AuditLogger {
  log: (entry: { agentId: string; action: string; decision: 'allow' | 'deny' }) => unknown;
  verify: () => boolean;
  exportJSON: () => string;
}

export interface PeerResult {
  attack: string;
  /** What `verify()` says of the log after the attack. */
  verify: boolean;
  /** The attack of the same sort in our matrix. */
  ours: string;
}

/** By field, the column of ours that is most like it. */
const FIELDS = {
  timestamp: 'ledger_entry.at changed',
  agentId: 'agent_events.agent_id changed',
  action: 'agent_events.action changed',
  decision: 'agent_events.value changed',
  hash: 'ledger_entry.entry_hash changed',
  previousHash: 'ledger_entry.entry_hash changed',
} as const;

/** An entry in the middle, a refusal. */
const MIDDLE = 9;

/** The same sorts of attack on its log, as far as it has what they are made on. */
const ATTACKS: readonly { attack: string; ours: string; tamper: (log: AuditLoggerEntry[]) => AuditLoggerEntry[] }[] = [
  { attack: 'untouched', ours: 'untouched: whole', tamper: (log) => log },
  ...Object.entries(FIELDS).map(([field, ours]) => ({
    attack: `${field} of one entry changed`,
    ours,
    tamper: (log: AuditLoggerEntry[]) => log.with(MIDDLE, { ...at(log, MIDDLE), [field]: flipped(at(log, MIDDLE)[field as keyof AuditLoggerEntry]) }),
  })),
  {
    attack: 'one entry changed, its own hash put right',
    ours: 'decision told differently, body hash put right',
    tamper: (log) => log.with(MIDDLE, rehashed({ ...at(log, MIDDLE), decision: 'allow' })),
  },
  { attack: 'entry deleted', ours: 'entry deleted with its body', tamper: (log) => log.toSpliced(MIDDLE, 1) },
  { attack: 'first entry deleted', ours: 'entry deleted with its body', tamper: (log) => log.slice(1) },
  {
    attack: 'entry inserted',
    ours: 'entry inserted in the middle, the later ones moved on',
    tamper: (log) => log.toSpliced(MIDDLE, 0, rehashed({ ...at(log, MIDDLE), action: 'forged' })),
  },
  {
    attack: 'two entries swapped',
    ours: 'two entries swapped with their bodies',
    tamper: (log) => log.with(MIDDLE, at(log, MIDDLE + 1)).with(MIDDLE + 1, at(log, MIDDLE)),
  },
  { attack: 'entry duplicated', ours: 'entry duplicated', tamper: (log) => log.toSpliced(MIDDLE, 0, at(log, MIDDLE)) },
  { attack: 'tail cut off', ours: 'signed tail cut off with its checkpoint, head put right; beside what was kept outside', tamper: (log) => log.slice(0, -5) },
  { attack: 'everything deleted', ours: 'everything deleted, head as at the beginning; beside what was kept outside', tamper: () => [] },
  {
    attack: 'decision told differently, all later hashes put right',
    ours: 'decision told differently, all later hashes, head and tiles put right',
    tamper: (log) => rechained(log.with(MIDDLE, { ...at(log, MIDDLE), decision: 'allow' })),
  },
  {
    attack: 'everything written anew with fresh hashes',
    ours: 'everything written anew from the first entry on',
    tamper: (log) => rechained(log.map((entry) => ({ ...entry, agentId: 'somebody-else' }))),
  },
  { attack: 'older copy put back', ours: 'older copy put back; beside what was kept outside', tamper: (log) => log.slice(0, MIDDLE) },
];

/**
 * What the logger's own `verify()` says after each attack. It keeps its log in memory and reads none back, so what was exported and tampered with is
 * put into a logger as its entries.
 */
export function attackAuditLogger(Logger: new () => AuditLogger): PeerResult[] {
  const logger = new Logger();
  for (let count = 0; count < 20; count += 1)
    logger.log({ agentId: 'billing-assistant', action: `refund-${count}`, decision: count % 3 === 0 ? 'deny' : 'allow' });
  const exported = logger.exportJSON();
  return ATTACKS.map(({ attack, ours, tamper }) => {
    const attacked = Object.assign(new Logger(), { entries: tamper(JSON.parse(exported) as AuditLoggerEntry[]) });
    return { attack, ours, verify: attacked.verify() };
  });
}

function at(log: readonly AuditLoggerEntry[], index: number): AuditLoggerEntry {
  const entry = log[index];
  if (entry === undefined) throw new Error(`the log has no entry ${index}`);
  return entry;
}

/** Another value of the same form. */
const flipped = (value: string): string =>
  /^[0-9a-f]{64}$/.test(value) ? `${value.startsWith('0') ? '1' : '0'}${value.slice(1)}` : value.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'));

/** With the hash that the SDK would give it. */
function rehashed({ timestamp, agentId, action, decision, previousHash }: AuditLoggerEntry): AuditLoggerEntry {
  const hash = createHash('sha256').update(JSON.stringify({ timestamp, agentId, action, decision, previousHash })).digest('hex');
  return { timestamp, agentId, action, decision, hash, previousHash };
}

function rechained(log: readonly AuditLoggerEntry[]): AuditLoggerEntry[] {
  let previousHash = '0'.repeat(64);
  return log.map((entry) => {
    const next = rehashed({ ...entry, previousHash });
    previousHash = next.hash;
    return next;
  });
}
