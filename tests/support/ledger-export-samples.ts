import { append, createTestLedger, exportFiles, signCheckpoint } from './ledger-export.ts';
import type { ExportFiles, TestLedger, TestRecord } from './ledger-export.ts';
import { auditRecord, eventRecord, purgeDetails, reviewRecord, violationRecord } from './ledger-export-records.ts';
import type { PurgeDetails } from './ledger-export-records.ts';

/** 2026-01-01T00:00:00Z */
export const START_MS = 1_767_225_600_000;
export const HOUR_MS = 3_600_000;

/**
 * Eleven entries of all kinds and four checkpoints: of 6, 9 and 11 entries, and a heartbeat an hour later. With `sign`, the writer of
 * a test may sign otherwise.
 */
export function smallLedger(options: Parameters<typeof createTestLedger>[0] = {}): TestLedger {
  const ledger = createTestLedger(options);
  const at = (offsetMs: number): number => START_MS + offsetMs;
  append(ledger, auditRecord({ type: 'organization.created', atMs: at(0) }));
  append(ledger, eventRecord({ id: 'evt_1', atMs: at(1_234) }));
  append(
    ledger,
    eventRecord({ id: 'evt_2', atMs: at(2_000), value: 'ALERT', categories: ['Time', 'Action', 'Time'], policy: { version: 'base@3', ruleId: null } }),
  );
  append(ledger, violationRecord({ eventId: 'evt_2', value: 'ALERT', atMs: at(2_000), detectors: ['tim.rule-0', 'act.rule-1'] }));
  append(ledger, eventRecord({ id: 'evt_3', atMs: at(3_000), value: 'HITL', policy: { version: 'base@3', ruleId: 'payments' } }));
  append(ledger, violationRecord({ eventId: 'evt_3', value: 'HITL', atMs: at(3_000), detectors: [] }));
  signCheckpoint(ledger, at(5_100));
  append(ledger, reviewRecord({ reviewId: 'rev_1', eventId: 'evt_3', step: 'approve', atMs: at(60_000) }));
  append(ledger, eventRecord({ id: 'evt_4', atMs: at(61_000), value: 'BLOCK', sessionId: 'session-1', categories: ['Space'] }));
  append(ledger, violationRecord({ eventId: 'evt_4', value: 'BLOCK', atMs: at(61_000), detectors: ['spa.rule-0'] }));
  signCheckpoint(ledger, at(65_200));
  append(ledger, auditRecord({ type: 'key.created', atMs: at(70_000), target: 'key:4f2a9c10', details: { scopes: ['events:write'] } }));
  append(ledger, eventRecord({ id: 'evt_5', atMs: at(71_000), action: 'read_file', eventDigest: 'ab'.repeat(32) }));
  signCheckpoint(ledger, at(75_300));
  signCheckpoint(ledger, at(75_400 + HOUR_MS));
  ledger.exportedAt = at(2 * HOUR_MS + 30_000);
  return ledger;
}

/** What others kept of it: three receipts and two checkpoints. */
export function keptElsewhere({ entries, checkpoints }: TestLedger): ExportFiles {
  const receipt = (seq: number): string =>
    `${JSON.stringify({ seq, entryHash: entries[seq]?.hash, checkpointSize: entries[seq]?.fields['checkpointSize'] })}\n`;
  return new Map([
    ['receipts.ndjson', [1, 7, 10].map(receipt).join('')],
    ['anchors/first.note', checkpoints[1]?.note ?? ''],
    ['anchors/second.note', checkpoints[3]?.note ?? ''],
  ]);
}

/** The export of a ledger with what was kept of it. */
export const withKept = (ledger: TestLedger): ExportFiles => new Map([...exportFiles(ledger), ...keptElsewhere(ledger)]);

export interface LongOptions extends Partial<PurgeDetails> {
  /** Days the events are kept. */
  retainDays?: number;
  /** Bodies that are gone; those below 512 unless told otherwise. */
  gone?: readonly number[];
  /** Hours from the start to the purge. */
  purgeAfterHours?: number;
  /** Administrative records between entry 519 and the purge. */
  records?: readonly TestRecord[];
  /** Nothing is signed up to the purge; a record says so. */
  isSilent?: boolean;
}

/**
 * 520 entries in as many seconds, a day and more of heartbeats, a purge of what is a day old, and a last checkpoint. Checkpoints 1 to 5 are of 100,
 * 256, 300, 512 and 520 entries; entry 520 is the purge, where no `records` come before it.
 */
export function longLedger(options: LongOptions = {}): TestLedger {
  const { retainDays = 1, gone = Array.from({ length: 512 }, (_, seq) => seq), purgeAfterHours = 26, upTo = 512, minIndex = 0 } = options;
  const { records = [], isSilent = false, ...details } = options;
  const ledger = beginningOf(retainDays);
  const root = Buffer.from(ledger.checkpoints.at(-1)?.root ?? '', 'hex');
  let signedAt = START_MS + 519_400;
  const signedUntil = isSilent ? signedAt : START_MS + purgeAfterHours * HOUR_MS;
  while (signedAt + 2 * HOUR_MS < signedUntil) {
    signedAt += 2 * HOUR_MS;
    signCheckpoint(ledger, signedAt, { root });
  }
  for (const record of records) append(ledger, record);
  if (isSilent) append(ledger, auditRecord({ type: 'signer.resumed', atMs: START_MS + purgeAfterHours * HOUR_MS }));
  const anchorHash = ledger.entries[minIndex - 1]?.hash ?? null;
  const purge = purgeDetails({ ...details, upTo, minIndex, anchorHash });
  append(ledger, auditRecord({ type: 'ledger.purged', atMs: START_MS + purgeAfterHours * HOUR_MS, details: purge, retainDays: 2555 }));
  signCheckpoint(ledger, START_MS + purgeAfterHours * HOUR_MS + 5_000);
  ledger.exportedAt = START_MS + purgeAfterHours * HOUR_MS + 60_000;
  ledger.minIndex = minIndex;
  ledger.gone = new Set(gone);
  return ledger;
}

const beginnings = new Map<number, TestLedger>();

/** The entries up to 519 and their checkpoints, made once and copied: what a test spoils is its own. */
function beginningOf(retainDays: number): TestLedger {
  const made = beginnings.get(retainDays) ?? makeBeginning(retainDays);
  beginnings.set(retainDays, made);
  return {
    ...made,
    logKeys: [...made.logKeys],
    listedKeys: [...made.listedKeys],
    entries: made.entries.map((entry) => ({ ...entry, fields: { ...entry.fields } })),
    checkpoints: made.checkpoints.map((checkpoint) => ({ ...checkpoint })),
  };
}

function makeBeginning(retainDays: number): TestLedger {
  const ledger = createTestLedger({ seed: 'long' });
  const sizes = new Set([100, 256, 300, 512, 520]);
  for (let seq = 0; seq < 520; seq += 1) {
    const atMs = START_MS + seq * 1_000;
    append(ledger, seq % 50 === 0 ? auditRecord({ type: 'agent.seen', atMs, retainDays }) : eventRecord({ id: `evt_${seq}`, atMs, retainDays }));
    if (sizes.has(seq + 1)) signCheckpoint(ledger, atMs + 400);
  }
  return ledger;
}
