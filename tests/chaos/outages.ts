import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../../schemas/decision.ts';
import { createEventClient } from './client.ts';
import { drillUnderLoad, type Scene, WORST_503_MS } from './drill.ts';
import { openTestPool } from '../support/database.ts';
import { until } from '../support/until.ts';
import { whileBusy } from '../support/while-busy.ts';

/** The process that serves requests and decides is killed and, a moment later, started again. */
export const killApi = drillUnderLoad({
  name: 'kill api+worker',
  breaksConnections: true,
  async disturb({ house, organization, load, random, toleranceMs }) {
    const reviewer = await organization.keyOf('Reviewer');
    // What the traffic is like is left to chance: none of its first events need be one for people.
    const waiting = await until(() => [...load.answers.values()].map(([text]) => JSON.parse(text ?? '{}') as Decision).find(({ value }) => value === 'HITL'));
    await house.kill('api');
    await sleep(random.integer(0, 800));
    await house.start('api');
    return expectApproval({ house, reviewer, reviewId: waiting.review?.id ?? '', toleranceMs });
  },
});

/** The database is away for about two seconds: nothing is decided, nobody waits long to be told. */
export const restartPostgres = drillUnderLoad({
  name: 'restart postgres',
  async disturb({ house, organization, load, toleranceMs }) {
    await house.kill('postgres');
    const down = sleep(2_000);
    await sleep(200);
    const id = [...load.answers.keys()][0] ?? '';
    const problems = await expectAnswers(
      { house, apiKey: organization.apiKey, toleranceMs },
      { '/health/live': 200, '/health/ready': 503, [`/api/v1/governance/events/${id}`]: 503, '/api/v1/hitl/reviews': 503 },
    );
    await down;
    await house.start('postgres');
    return problems;
  },
});

/** Temporal is away: nothing new is decided, and everything that is known already can still be read. */
export const restartTemporal = drillUnderLoad({
  name: 'restart temporal',
  async disturb({ house, organization, load, toleranceMs }) {
    await house.kill('temporal');
    const down = sleep(2_000);
    const id = [...load.answers.keys()][0] ?? '';
    const problems = await expectAnswers(
      { house, apiKey: organization.apiKey, toleranceMs },
      {
        '/health/live': 200,
        '/health/ready': 503,
        [`/api/v1/governance/events/${id}`]: 200,
        '/api/v1/governance/events': 200,
        '/api/v1/hitl/reviews': 200,
        '/api/v1/governance/agents': 200,
      },
    );
    problems.push(...(await expectKnownDecisions({ house, organization, load })));
    await down;
    await house.start('temporal');
    return problems;
  },
});

/** The database refuses to write, as it does when its disk is full or it has become a standby. */
export const readOnlyLedger = drillUnderLoad({
  name: 'read-only ledger',
  async disturb({ house }) {
    const admin = openTestPool({ url: house.adminUrl, maxConnections: 1 });
    try {
      await admin`alter system set default_transaction_read_only = on`;
      await admin`select pg_reload_conf()`;
      await sleep(2_000);
    } finally {
      await admin`alter system reset default_transaction_read_only`;
      await admin`select pg_reload_conf()`;
      await admin.end({ timeout: 1 });
    }
    return [];
  },
});

/** A review that waited in the killed process is decided at the first try: nobody waits for a worker that is gone. */
async function expectApproval({
  house,
  reviewer,
  reviewId,
  toleranceMs,
}: Pick<Scene, 'house' | 'toleranceMs'> & { reviewer: string; reviewId: string }): Promise<string[]> {
  const startMs = performance.now();
  const requestId = `req_${randomUUID()}`;
  // The database may not be reached within the second that a request has for it.
  const answer = await whileBusy(() =>
    fetch(`${house.apiUrl}/api/v1/hitl/reviews/${reviewId}/decision`, {
      method: 'POST',
      headers: { 'x-api-key': reviewer, 'x-request-id': requestId, 'content-type': 'application/json' },
      body: JSON.stringify({ verb: 'approve' }),
    }),
  );
  const text = await answer.text();
  const tookMs = Math.round(performance.now() - startMs);
  return answer.status === 200 && tookMs < 5_000 + toleranceMs
    ? []
    : [`an approval right after the restart took ${tookMs} ms and was answered ${answer.status} ${text}`];
}

async function expectAnswers(
  { house, apiKey, toleranceMs }: Pick<Scene, 'house' | 'toleranceMs'> & { apiKey: string },
  expected: Record<string, number>,
): Promise<string[]> {
  const problems = await Promise.all(
    Object.entries(expected).map(async ([path, status]) => {
      const startMs = performance.now();
      const ask = () => fetch(`${house.apiUrl}${path}`, { headers: { 'x-api-key': apiKey } });
      // What can be answered meanwhile may have to wait for a busy machine all the same.
      const answer = await (status === 503 ? ask() : whileBusy(ask));
      await answer.arrayBuffer();
      const tookMs = Math.round(performance.now() - startMs);
      if (answer.status !== status) return [`GET ${path} answered ${answer.status} instead of ${status}`];
      if (status === 503 && path.startsWith('/api/') && !answer.headers.has('retry-after')) return [`GET ${path} answered 503 without Retry-After`];
      return tookMs > WORST_503_MS + toleranceMs ? [`GET ${path} took ${tookMs} ms`] : [];
    }),
  );
  return problems.flat();
}

/** A retry of what is recorded is answered from the ledger, though the run cannot be reached. */
async function expectKnownDecisions({ house, organization, load }: Pick<Scene, 'house' | 'organization' | 'load'>): Promise<string[]> {
  const client = createEventClient({ apiUrl: house.apiUrl, apiKey: organization.apiKey });
  const known = load.events.filter(({ id }) => load.answers.has(id)).slice(0, 5);
  const problems = await Promise.all(
    known.map(async (event) => {
      // Other callers may fill the line, so a 503 is tried again while Temporal is still away.
      const { status, text } = await whileBusy(async () => {
        const answer = await client.post(event);
        return { ...answer, status: answer.status ?? 0 };
      });
      if (status !== 200) return [`${event.id} is recorded, yet answered ${status} while Temporal is away`];
      return text === load.answers.get(event.id)?.[0] ? [] : [`${event.id} is answered otherwise while Temporal is away`];
    }),
  );
  client.close();
  return problems.flat();
}
