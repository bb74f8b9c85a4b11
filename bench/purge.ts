import { randomBytes, randomUUID } from 'node:crypto';
import { createRetentionActivities } from '../activities/retention.ts';
import { openDatabase, type Sql } from '../db/client.ts';
import { migrate } from '../db/migrate.ts';
import { appendRecords, LEDGER_KIND, type LedgerRecord } from '../db/queries/ledger.ts';
import { createOrganization } from '../db/queries/organizations.ts';

export interface PurgeBenchOptions {
  /** A superuser's; the benchmark makes its own database on that server and drops it. */
  databaseUrl: string;
  bodies?: number;
}

interface Pools {
  owner: Sql;
  app: Sql;
  purge: Sql;
}

/**
 * A run of the purge over bodies of about 750 bytes that are due: by dropping their partition, and, where another organisation's body keeps the partition, in
 * batches. A table, then one JSON line each `{bench, how, bodies, ms, perSec, recordMs, deleteMs}`.
 */
export async function runPurgeBench({ databaseUrl, bodies = 100_000 }: PurgeBenchOptions): Promise<void> {
  const results = [];
  for (const how of ['partitions', 'batches'] as const) results.push(await withDatabase(databaseUrl, (pools) => measure(pools, { how, bodies })));
  process.stdout.write(`${['how', 'bodies', 'ms', 'per second', 'record ms', 'delete ms'].map((title) => title.padStart(12)).join('')}\n`);
  for (const { how, bodies: gone, ms, perSec, recordMs, deleteMs } of results)
    process.stdout.write(`${[how, gone, ms, perSec, recordMs, deleteMs].map((value) => String(value).padStart(12)).join('')}\n`);
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function withDatabase<T>(databaseUrl: string, use: (pools: Pools) => Promise<T>): Promise<T> {
  const name = `mg_bench_${randomBytes(6).toString('hex')}`;
  const server = openDatabase({ url: databaseUrl, maxConnections: 1, applicationName: 'mastguard-bench', connectTimeoutMs: 10_000 });
  await server`create database ${server(name)} template template0`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const open = (role?: string): Sql =>
    openDatabase({ url: url.href, ...(role === undefined ? {} : { role }), maxConnections: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 120_000 });
  const pools = { owner: open(), app: open('mg_app'), purge: open('mg_purge') };
  try {
    await migrate(pools.owner);
    return await use(pools);
  } finally {
    await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: 5 })));
    await server`drop database ${server(name)} with (force)`;
    await server.end({ timeout: 5 });
  }
}

async function measure({ owner, app, purge }: Pools, { how, bodies }: { how: 'partitions' | 'batches'; bodies: number }) {
  const orgId = await addOrganization(app);
  for (let from = 0; from < bodies; from += 1_000)
    await appendRecords(
      app,
      Array.from({ length: Math.min(1_000, bodies - from) }, (_, at) => benchRecord(orgId, from + at)),
    );
  // A body that is held keeps the partition, whosever it is.
  if (how === 'batches') {
    const other = await addOrganization(app);
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

async function addOrganization(sql: Sql): Promise<string> {
  const orgId = randomUUID();
  const audit = { id: randomUUID(), body: '{"v":1}', fields: { type: 'organization.created', actor: 'system', target: null } };
  await createOrganization(sql, { orgId, name: 'Benchmark', plan: 'free', retentionDays: 7, eventQuota: null, audit });
  return orgId;
}

const CONTENT = 'The customer asks for the refund of an order that arrived late. '.repeat(9);

function benchRecord(org: string, at: number): LedgerRecord {
  const eventId = `evt_${at}`;
  const body = JSON.stringify({ v: 1, event: { id: eventId, agentId: 'billing-assistant', action: 'refund', content: CONTENT }, requestId: randomUUID() });
  const fields = {
    eventId,
    eventDigest: 'ab'.repeat(32),
    agentId: 'billing-assistant',
    action: 'refund',
    sessionId: null,
    value: 'ALLOW',
    riskScore: 0,
    categories: [],
    policyVersion: null,
    ruleId: null,
  };
  return { org, kind: LEDGER_KIND.agentEvent, id: randomUUID(), body, fields };
}
