import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../db/client.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Decision } from '../../schemas/decision.ts';
import { governEventId } from '../../workflows/ids.ts';
import type { House } from '../support/house.ts';
import { createEventClient } from './client.ts';
import type { Load } from './load.ts';
import { openTestPool } from '../support/database.ts';
import { whileBusy } from '../support/while-busy.ts';

/** What a drill came to. Everything below `recorded` but the latency must be nought. */
export interface Audit {
  posted: number;
  acknowledged: number;
  recorded: number;
  /** Events with more than one record, sessions moved or quota charged more often than events were recorded. */
  doubled: number;
  /** Acknowledged without a record, or never decided. */
  lost: number;
  /** Events whose answers differ: between attempts, or from what the API answers now. */
  disagreeing: number;
  /** Runs neither closed nor waiting for a reviewer. */
  stuck: number;
  chainFindings: number;
  /** Answers that no client should have seen: neither a decision nor a 503 with Retry-After. */
  unexpected: number;
  /** Connections that broke; only a drill that kills the API may have any. */
  broken: number;
  unavailable: number;
  worst503Ms: number;
  worst200Ms: number;
  /** The first few things found, in words. */
  notes: string[];
}

const SETTLED_WITHIN_MS = 60_000;

/** Compares what clients were told with ledger, runs, sessions and quota of one organisation that had this load and nothing else. */
export async function audit(house: House, { orgId, apiKey }: { orgId: string; apiKey: string }, load: Load): Promise<Audit> {
  const notes: string[] = [...load.failures];
  const stuck = await stuckRuns(house, orgId, load);
  const now = await decisionsNow(house, apiKey, load);
  const admin = openTestPool({ url: house.adminUrl, maxConnections: 2 });
  try {
    const counts = await recordsPerEvent(admin, orgId);
    const lost = load.events.filter(({ id }) => !counts.has(id) || !load.answers.has(id)).map(({ id }) => id);
    const doubled = [...[...counts].filter(([, count]) => count !== 1).map(([id]) => id), ...(await overcharged(admin, orgId))];
    const disagreeing = load.events.map(({ id }) => id).filter((id) => new Set([...(load.answers.get(id) ?? []), now.get(id)]).size > 1);
    const { findings } = await verifyLedger(admin, orgId);
    const unexpected = load.attempts.filter(({ status, retryAfter }) => status !== null && status !== 200 && (status !== 503 || !(Number(retryAfter) >= 1)));
    for (const [what, items] of Object.entries({
      lost,
      doubled,
      disagreeing,
      stuck,
      findings: findings.map((one) => JSON.stringify(one)),
      unexpected: unexpected.map(({ status, text }) => `${status} ${text}`),
    })) {
      if (items.length > 0) notes.push(`${what}: ${items.slice(0, 3).join(', ')}`);
    }
    const worst = (wanted: number): number =>
      Math.round(Math.max(0, ...load.attempts.filter(({ status }) => status === wanted).map(({ latencyMs }) => latencyMs)));
    return {
      posted: load.events.length,
      acknowledged: load.answers.size,
      recorded: counts.size,
      doubled: doubled.length,
      lost: lost.length,
      disagreeing: disagreeing.length,
      stuck: stuck.length,
      chainFindings: findings.length,
      unexpected: unexpected.length,
      broken: load.attempts.filter(({ status }) => status === null).length,
      unavailable: load.attempts.filter(({ status }) => status === 503).length,
      worst503Ms: worst(503),
      worst200Ms: worst(200),
      notes,
    };
  } finally {
    await admin.end({ timeout: 1 });
  }
}

/** Runs that are neither closed nor waiting for a reviewer, once they have had time. Asks the runs themselves, not the list of runs, which lags. */
export async function stuckRuns(house: House, orgId: string, { events }: Load): Promise<string[]> {
  const deadlineMs = Date.now() + SETTLED_WITHIN_MS;
  let open = events.map(({ id }) => id);
  for (;;) {
    open = await house.withTemporal(async (client) => {
      const states = await Promise.all(
        open.map(async (id) => {
          const { status, searchAttributes } = await client.workflow.getHandle(governEventId(orgId, id)).describe();
          const isWaiting = status.name === 'RUNNING' && (searchAttributes['ReviewState'] as unknown[] | undefined)?.[0] === 'pending';
          return status.name === 'COMPLETED' || isWaiting;
        }),
      );
      return open.filter((_, index) => states[index] !== true);
    });
    if (open.length === 0 || Date.now() > deadlineMs) return open;
    await sleep(500);
  }
}

/** The same event posted once more: the text of the answer, byte by byte. */
async function decisionsNow(house: House, apiKey: string, { events }: Load): Promise<Map<string, string>> {
  const client = createEventClient({ apiUrl: house.apiUrl, apiKey });
  const now = new Map<string, string>();
  const queue = [...events];
  const caller = async (): Promise<void> => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      now.set(event.id, await client.postUntilDecided(event, () => undefined));
      const read = await whileBusy(() => fetch(`${house.apiUrl}/api/v1/governance/events/${event.id}`, { headers: { 'x-api-key': apiKey } }));
      const { decision } = (await read.json()) as { decision: Decision };
      // The list shows what the caller was answered, or the difference becomes the answer of now.
      if (JSON.stringify(decision) !== now.get(event.id)) now.set(event.id, JSON.stringify(decision));
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  client.close();
  return now;
}

async function recordsPerEvent(admin: Sql, orgId: string): Promise<Map<string, number>> {
  const rows = await admin<
    { id: string; count: number }[]
  >`select event_id as id, count(*)::int as count from agent_events where org_id = ${orgId} group by event_id`;
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** Sessions and quota that do not tally with the records. */
async function overcharged(admin: Sql, orgId: string): Promise<string[]> {
  const sessions = await admin<{ what: string }[]>`
    select format('session %s moved %s times for %s events', s.session_id, s.version, coalesce(e.count, 0)) as what
    from session_state s
    left join (select session_id, count(*) from agent_events where org_id = ${orgId} group by session_id) e on e.session_id = s.session_id
    where s.org_id = ${orgId} and s.version <> coalesce(e.count, 0)`;
  const quota = await admin<{ what: string }[]>`
    select format('%s events charged for %s', u.charged, e.count) as what
    from (select coalesce(sum(events), 0) as charged from usage_month where org_id = ${orgId}) u,
         (select count(*) from agent_events where org_id = ${orgId}) e
    where u.charged <> e.count`;
  return [...sessions, ...quota].map(({ what }) => what);
}
