import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../db/client.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { type Attempt, createEventClient, type EventClient } from '../chaos/client.ts';
import { decisionTimes, residentMiB } from '../chaos/metrics.ts';
import { type House, openHouse } from '../support/house.ts';
import { addTestOrganization, type TestOrganization } from '../support/product.ts';

let house: House;
let organization: TestOrganization;
let client: EventClient;

beforeAll(async () => {
  house = await openHouse();
  organization = await addTestOrganization(house.sql, house.masterKey);
  client = createEventClient({ apiUrl: house.apiUrl, apiKey: organization.apiKey });
}, 120_000);
afterAll(async () => {
  client?.close();
  await house?.close();
}, 60_000);

const acknowledged = new Set<string>();
const post = async (): Promise<Attempt> => {
  const id = randomUUID();
  const attempt = await client.post({ id, agentId: 'billing-assistant', action: 'send_invoice', sessionId: randomUUID() });
  if (attempt.status === 200) acknowledged.add(id);
  return attempt;
};

/** Twelve callers with one request under way each. */
async function closedLoop(seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000;
  let count = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) if ((await post()).status === 200) count += 1;
  };
  await Promise.all(Array.from({ length: 12 }, caller));
  return count / seconds;
}

/** Requests start when they are due, whatever became of the earlier ones. */
async function openLoop(perSec: number, seconds: number): Promise<{ attempts: Attempt[]; mostUnderWay: number }> {
  const startMs = performance.now();
  let underWay = 0;
  let mostUnderWay = 0;
  const attempts = await Promise.all(
    Array.from({ length: Math.round(perSec * seconds) }, async (_, index) => {
      await sleep(startMs + (index * 1_000) / perSec - performance.now());
      mostUnderWay = Math.max(mostUnderWay, (underWay += 1));
      const attempt = await post();
      underWay -= 1;
      return attempt;
    }),
  );
  return { attempts, mostUnderWay };
}

async function usualLatencyMs(): Promise<number> {
  const latencies: number[] = [];
  for (let count = 0; count < 21; count += 1) latencies.push((await post()).latencyMs);
  return latencies.toSorted((a, b) => a - b)[10] ?? Number.NaN;
}

test('three times what the product can take: refused at once or decided within a second, and nothing is lost', async () => {
  await closedLoop(2);
  const before = await usualLatencyMs();
  const capacity = await closedLoop(3);
  const memoryBefore = await residentMiB(house.metricsUrl);
  const timesBefore = await decisionTimes(house.metricsUrl);

  const { attempts, mostUnderWay } = await openLoop(capacity * 3, 6);

  const times = await decisionTimes(house.metricsUrl);
  const memoryAfter = await residentMiB(house.metricsUrl);
  const decided = attempts.filter(({ status }) => status === 200);
  const refused = attempts.filter(({ status }) => status === 503);
  const seen = { capacity, decided: decided.length, refused: refused.length, mostUnderWay, memoryBefore, memoryAfter };
  process.stderr.write(`overload: ${JSON.stringify(seen)}\n`);
  expect(decided.length + refused.length).toBe(attempts.length);
  expect(refused.every(({ retryAfter }) => Number(retryAfter) >= 1)).toBe(true);
  expect(refused.length).toBeGreaterThan(0);
  // It goes on working at what it can take.
  expect(decided.length).toBeGreaterThan(capacity * 6 * 0.4);
  // At the server, from the arrival of a request to the end of its answer.
  const count = times.count - timesBefore.count;
  const withinASecond = times.withinASecond - timesBefore.withinASecond;
  expect(count).toBe(decided.length);
  expect(withinASecond / count).toBeGreaterThanOrEqual(0.99);
  expect(Math.max(...attempts.map(({ latencyMs }) => latencyMs))).toBeLessThan(5_000);
  expect(mostUnderWay).toBeLessThan(700);
  expect(memoryAfter - memoryBefore).toBeLessThan(150);

  await sleep(1_000);
  expect(await usualLatencyMs()).toBeLessThan(before * 3 + 100);
  const admin = openDatabase({ url: house.adminUrl, maxConnections: 1 });
  try {
    const rows = await admin<{ id: string }[]>`select event_id as id from agent_events where org_id = ${organization.orgId}`;
    const recorded = new Set(rows.map(({ id }) => id));
    expect(rows).toHaveLength(recorded.size);
    expect([...acknowledged].filter((id) => !recorded.has(id))).toEqual([]);
    expect((await verifyLedger(admin, organization.orgId)).findings).toEqual([]);
  } finally {
    await admin.end({ timeout: 1 });
  }
}, 90_000);
