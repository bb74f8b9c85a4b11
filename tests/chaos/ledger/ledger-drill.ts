import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLedger } from '../../../db/verify-ledger.ts';
import { openTestPool } from '../../support/database.ts';
import type { House, Part } from '../../support/house.ts';
import { addTestOrganization } from '../../support/product.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { startReaders } from './readers.ts';
import type { Receipt } from './shared-witness.ts';
import { startWriters } from './writers.ts';

export interface LedgerDrillReport {
  name: string;
  seconds: number;
  receipts: number;
  entries: number;
  /** Checkpoints that readers were shown, and entries they were proven. */
  checkpoints: number;
  proofs: number;
  kills: number;
  interrupted: number;
  /** From the last acknowledged entry until a checkpoint covered it. */
  lagMs: number;
  /** Broken promises in words; empty when the drill was passed. */
  violations: string[];
}

export interface LedgerDrillOptions {
  house: House;
  random: SeededRandom;
  seconds: number;
  /** Parts to kill and start again, one after another all the while. None: a hammer that only hammers. */
  kills?: readonly Part[];
}

/** An entry is covered at the latest ten seconds later; the rest is for parts that are only just back, and for machines that stall. */
const COVERED_WITHIN_MS = 60_000;

/**
 * Writers and readers of one ledger at once, with or without kills. Afterwards every receipt must be an entry of the ledger, the ledger without gaps and
 * in order, and covered by a checkpoint that continues all that the readers have seen.
 */
export async function runLedgerDrill({ house, random, seconds, kills = [] }: LedgerDrillOptions): Promise<LedgerDrillReport> {
  const { orgId, apiKey } = await addTestOrganization(house.sql, house.masterKey);
  const at = { apiUrl: house.apiUrl, apiKey, random };
  const writers = startWriters(at);
  const readers = await startReaders({ ...at, receipts: writers.receipts });
  const untilMs = Date.now() + seconds * 1_000;
  let killed = 0;
  // However slow the machine is, every part has its turn.
  while (Date.now() < untilMs || killed < kills.length) {
    const part = kills[killed % kills.length];
    if (part === undefined) {
      await sleep(200);
      continue;
    }
    await sleep(random.integer(500, 2_500));
    await house.kill(part);
    await sleep(random.integer(0, 800));
    await house.start(part);
    killed += 1;
  }
  await writers.stop();
  const wroteAtMs = Date.now();
  const last = Math.max(...writers.receipts.map(({ seq }) => seq));
  while (readers.witness.size <= last && Date.now() - wroteAtMs < COVERED_WITHIN_MS) await sleep(50);
  const lagMs = Date.now() - wroteAtMs;
  await readers.stop();

  const { entries, findings } = await auditReceipts(house, orgId, writers.receipts);
  return {
    name: kills.length === 0 ? 'hammer' : `kills of ${kills.join(', ')}`,
    seconds,
    receipts: writers.receipts.length,
    entries,
    checkpoints: readers.witness.seen,
    proofs: readers.witness.proven,
    kills: killed,
    interrupted: writers.interrupted,
    lagMs,
    violations: [
      ...writers.findings,
      ...readers.findings,
      ...readers.witness.findings,
      ...findings,
      ...(readers.witness.size > last ? [] : [`no checkpoint covers entry ${last} after ${lagMs} ms`]),
      ...(readers.witness.proven > 0 ? [] : ['no reader was shown any proof']),
      ...house.deaths(),
    ],
  };
}

/** Acknowledged entries are a subset of the log, each once; the log has no gap and is in order. */
async function auditReceipts(house: House, orgId: string, receipts: readonly Receipt[]): Promise<{ entries: number; findings: string[] }> {
  const admin = openTestPool({ url: house.adminUrl, maxConnections: 1 });
  try {
    const rows = await admin<{ seq: number; hash: string }[]>`select seq, encode(entry_hash, 'hex') as hash from ledger_entry where org_id = ${orgId}`;
    const hashOf = new Map(rows.map(({ seq, hash }) => [seq, hash]));
    const strangers = receipts
      .filter(({ seq, entryHash }) => hashOf.get(seq) !== entryHash)
      .map(({ seq }) => `entry ${seq} was acknowledged and is not in the ledger`);
    const doubled = new Set(receipts.map(({ seq }) => seq)).size === receipts.length ? [] : ['two events were acknowledged with one entry'];
    const { findings } = await verifyLedger(admin, orgId);
    return { entries: rows.length, findings: [...strangers.slice(0, 5), ...doubled, ...findings.slice(0, 5).map((finding) => JSON.stringify(finding))] };
  } finally {
    await admin.end({ timeout: 1 });
  }
}
