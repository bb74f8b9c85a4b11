import { randomBytes, randomUUID } from 'node:crypto';
import { canonicalize } from '../core/json/canonical.ts';
import { openDatabase, type Sql } from '../db/client.ts';
import { createCoalescer } from '../db/coalescer.ts';
import { migrate } from '../db/migrate.ts';
import { appendRecords, LEDGER_KIND, type LedgerReceipt, type LedgerRecord } from '../db/queries/ledger.ts';
import { createOrganization } from '../db/queries/organizations.ts';

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
  const name = `mg_bench_${randomBytes(6).toString('hex')}`;
  const server = openDatabase({ url: databaseUrl, maxConnections: 1, applicationName: 'mastguard-bench', connectTimeoutMs: 10_000 });
  await server`create database ${server(name)} template template0`;
  try {
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    await assertDurable(server);
    const results = await measureLoads(url.href, seconds);
    process.stdout.write(`${['in flight', 'orgs', 'per second', 'p50 ms', 'p99 ms'].map((title) => title.padStart(11)).join('')}\n`);
    for (const { inFlight, orgs, perSec, p50Ms, p99Ms } of results)
      process.stdout.write(`${[inFlight, orgs, perSec, p50Ms, p99Ms].map((value) => String(value).padStart(11)).join('')}\n`);
    for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await server`drop database ${server(name)} with (force)`;
    await server.end({ timeout: 5 });
  }
}

/** A figure without durable commits would be of another product. */
async function assertDurable(sql: Sql): Promise<void> {
  const [settings] = await sql<{ fsync: string; commit: string }[]>`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
  if (settings?.fsync !== 'on' || settings.commit === 'off')
    throw new Error(`the server does not commit durably: fsync ${settings?.fsync}, synchronous_commit ${settings?.commit}`);
}

async function measureLoads(url: string, seconds: number) {
  const owner = openDatabase({ url, maxConnections: 2, connectTimeoutMs: 10_000 });
  const sql = openDatabase({ url, role: 'mg_app', maxConnections: 4, connectTimeoutMs: 10_000 });
  try {
    await migrate(owner);
    const results = [];
    for (const load of LOADS) {
      const orgs = await Promise.all(Array.from({ length: load.orgs }, () => addOrganization(sql)));
      await measure(sql, load, orgs, WARM_UP_SECONDS);
      results.push({ bench: 'ledger', ...load, ...(await measure(sql, load, orgs, seconds)) });
    }
    return results;
  } finally {
    await Promise.all([owner.end({ timeout: 5 }), sql.end({ timeout: 5 })]);
  }
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

async function addOrganization(sql: Sql): Promise<string> {
  const orgId = randomUUID();
  const audit = { id: randomUUID(), body: '{"v":1}', fields: { type: 'organization.created', actor: 'system', target: null } };
  await createOrganization(sql, { orgId, name: 'Benchmark', plan: 'enterprise', retentionDays: 2555, eventQuota: null, audit });
  return orgId;
}

const CONTENT = 'The customer asks for the refund of an order that arrived late. '.repeat(5);

function benchRecord(org: string, at: number): LedgerRecord {
  const id = randomUUID();
  const event = {
    id: `evt_${id}`,
    agentId: 'billing-assistant',
    action: 'refund',
    content: CONTENT,
    tool: { name: 'refund', args: { amount: at % 1_000, currency: 'EUR' } },
  };
  const decision = { id: `dec_${id}`, eventId: event.id, value: 'ALLOW', mast: [], riskScore: 0, reasons: [], policy: null, latencyMs: 3 };
  const body = canonicalize({
    v: 1,
    mode: 'governed',
    event,
    decision,
    evaluatedAt: '2026-01-01T00:00:00.000Z',
    findings: [],
    requester: 'key:benchmark',
    requestId: id,
  });
  const fields = {
    eventId: event.id,
    eventDigest: 'ab'.repeat(32),
    agentId: event.agentId,
    action: event.action,
    sessionId: null,
    value: 'ALLOW',
    riskScore: 0,
    categories: [],
    policyVersion: null,
    ruleId: null,
  };
  return { org, kind: LEDGER_KIND.agentEvent, id, body, fields };
}
