import type { Sql } from '../db/client.ts';
import { createCoalescer } from '../db/coalescer.ts';
import { appendRecords, type LedgerReceipt, type LedgerRecord } from '../db/queries/ledger.ts';
import { withBenchDatabase } from './ledger/database.ts';
import { addBenchOrganization, benchRecord } from './ledger/records.ts';

export interface LedgerBenchOptions {
  /** A superuser's; the benchmark makes its own database on that server and drops it. */
  databaseUrl: string;
  /** Of each load. */
  seconds?: number;
}

interface Load {
  inFlight: number;
  orgs: number;
}

const LOADS: readonly Load[] = [
  { inFlight: 1, orgs: 1 },
  { inFlight: 8, orgs: 1 },
  { inFlight: 256, orgs: 1 },
  { inFlight: 512, orgs: 50 },
];
const WARM_UP_SECONDS = 0.5;

/**
 * Durable appends through the coalescer, as the application role, in a closed loop: a table, then one JSON line a load
 * `{bench, inFlight, orgs, appends, perSec, p50Ms, p99Ms}`. Bodies of about 750 bytes are made in the loop.
 */
export async function runLedgerBench({ databaseUrl, seconds = 3 }: LedgerBenchOptions): Promise<void> {
  const results = await withBenchDatabase(databaseUrl, async ({ owner, open }) => {
    await assertDurable(owner);
    return measureLoads(open('mg_app', 4), seconds);
  });
  process.stdout.write(`${['in flight', 'orgs', 'per second', 'p50 ms', 'p99 ms'].map((title) => title.padStart(11)).join('')}\n`);
  for (const { inFlight, orgs, perSec, p50Ms, p99Ms } of results)
    process.stdout.write(`${[inFlight, orgs, perSec, p50Ms, p99Ms].map((value) => String(value).padStart(11)).join('')}\n`);
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** A figure without durable commits would be of another product. */
async function assertDurable(sql: Sql): Promise<void> {
  const [settings] = await sql<{ fsync: string; commit: string }[]>`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
  if (settings?.fsync !== 'on' || settings.commit === 'off')
    throw new Error(`the server does not commit durably: fsync ${settings?.fsync}, synchronous_commit ${settings?.commit}`);
}

async function measureLoads(sql: Sql, seconds: number) {
  const results = [];
  for (const load of LOADS) {
    const orgs = await Promise.all(Array.from({ length: load.orgs }, () => addBenchOrganization(sql, { plan: 'enterprise', retentionDays: 2555 })));
    await measure(sql, load, orgs, WARM_UP_SECONDS);
    results.push({ bench: 'ledger', ...load, ...(await measure(sql, load, orgs, seconds)) });
  }
  return results;
}

async function measure(sql: Sql, { inFlight }: Load, orgs: readonly string[], seconds: number) {
  const append = createCoalescer<LedgerRecord, LedgerReceipt>({ flush: (records) => appendRecords(sql, records) });
  const latencies: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const client = async (number: number): Promise<void> => {
    for (let at = number; performance.now() < until; at += inFlight) {
      const begunAt = performance.now();
      await append(benchRecord(orgs[at % orgs.length] ?? '', at));
      latencies.push(performance.now() - begunAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, number) => client(number)));
  const elapsedSeconds = (performance.now() - startedAt) / 1_000;
  const sorted = latencies.toSorted((a, b) => a - b);
  const percentile = (share: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2));
  return { appends: latencies.length, perSec: Math.round(latencies.length / elapsedSeconds), p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}
