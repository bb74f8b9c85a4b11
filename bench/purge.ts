import { randomUUID } from 'node:crypto';
import { createRetentionActivities } from '../activities/retention.ts';
import { appendRecords } from '../db/queries/ledger.ts';
import { type BenchDatabase, withBenchDatabase } from './ledger/database.ts';
import { addBenchOrganization, benchRecord } from './ledger/records.ts';

export interface PurgeBenchOptions {
  /** A superuser's; the benchmark makes its own database on that server and drops it. */
  databaseUrl: string;
  bodies?: number;
}

/**
 * A run of the purge over bodies of about 750 bytes that are due: by dropping their partition, and, where another organisation's body keeps the partition, in
 * batches. A table, then one JSON line each `{bench, how, bodies, ms, perSec, recordMs, deleteMs}`.
 */
export async function runPurgeBench({ databaseUrl, bodies = 100_000 }: PurgeBenchOptions): Promise<void> {
  const results = [];
  for (const how of ['partitions', 'batches'] as const) results.push(await withBenchDatabase(databaseUrl, (database) => measure(database, { how, bodies })));
  process.stdout.write(`${['how', 'bodies', 'ms', 'per second', 'record ms', 'delete ms'].map((title) => title.padStart(12)).join('')}\n`);
  for (const { how, bodies: gone, ms, perSec, recordMs, deleteMs } of results)
    process.stdout.write(`${[how, gone, ms, perSec, recordMs, deleteMs].map((value) => String(value).padStart(12)).join('')}\n`);
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function measure({ owner, open }: BenchDatabase, { how, bodies }: { how: 'partitions' | 'batches'; bodies: number }) {
  const app = open('mg_app');
  const purge = open('mg_purge');
  const plan = { plan: 'free', retentionDays: 7 } as const;
  const orgId = await addBenchOrganization(app, plan);
  for (let from = 0; from < bodies; from += 1_000)
    await appendRecords(
      app,
      Array.from({ length: Math.min(1_000, bodies - from) }, (_, at) => benchRecord(orgId, from + at)),
    );
  // A body that is held keeps the partition, whosever it is.
  if (how === 'batches') {
    const other = await addBenchOrganization(app, plan);
    await appendRecords(app, [benchRecord(other, 0)]);
    await owner`insert into legal_hold (org_id, id, reason, placed_by, placed_at) values (${other}, 'hld_1', 'benchmark', 'system', now())`;
  }
  // Signed as far as the purge asks, and nine days later.
  await owner`update ledger_head set checkpoint_size = next_seq`;
  await owner.unsafe(
    `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp() + interval '9 days') $$`,
  );
  await owner`vacuum analyze`;

  const steps = createRetentionActivities({ sql: purge });
  const runId = `prg_${randomUUID()}`;
  await purge`select purge_progress(${runId})`;
  const startedAt = performance.now();
  await steps.recordPurges({ runId, after: null });
  const recordedAt = performance.now();
  await steps.dropLeaves({ runId });
  let progress = await steps.deleteBodies({ runId });
  while (progress.running > 0) progress = await steps.deleteBodies({ runId });
  const endedAt = performance.now();
  if (progress.done < bodies) throw new Error(`of ${bodies} bodies only ${progress.done} went`);
  const ms = Math.round(endedAt - startedAt);
  return {
    bench: 'purge',
    how,
    bodies: progress.done,
    ms,
    perSec: Math.round((progress.done / (endedAt - startedAt)) * 1_000),
    recordMs: Math.round(recordedAt - startedAt),
    deleteMs: Math.round(endedAt - recordedAt),
  };
}
