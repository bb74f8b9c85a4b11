import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Attempt, createEventClient } from '../tests/chaos/client.ts';
import { decisionTimes, residentMiB } from '../tests/chaos/metrics.ts';
import { type House, openHouse } from '../tests/support/house.ts';
import { addTestOrganization } from '../tests/support/product.ts';

export interface Overload {
  orgId: string;
  /** Decisions a second of twelve callers who wait for their answers. */
  capacityPerSec: number;
  attempts: Attempt[];
  acknowledged: ReadonlySet<string>;
  mostUnderWay: number;
  /** Of the requests decided under overload, those answered within a second, measured at the server from arrival to the end of the answer. */
  withinASecondShare: number;
  /** Medians of one caller, before and a second after. */
  usualLatencyMs: { before: number; after: number };
  memoryMiB: { before: number; after: number };
}

/** Three times what the product can take, for `seconds`, as an open loop. */
export async function measureOverload(house: House, { seconds = 6 }: { seconds?: number } = {}): Promise<Overload> {
  const organization = await addTestOrganization(house.sql, house.masterKey);
  const client = createEventClient({ apiUrl: house.apiUrl, apiKey: organization.apiKey });
  const acknowledged = new Set<string>();
  const post = async (): Promise<Attempt> => {
    const id = randomUUID();
    const attempt = await client.post({ id, agentId: 'billing-assistant', action: 'send_invoice', sessionId: randomUUID() });
    if (attempt.status === 200) acknowledged.add(id);
    return attempt;
  };
  try {
    await closedLoop(post, 2);
    const latencyBefore = await usualLatencyMs(post);
    const capacityPerSec = await closedLoop(post, 3);
    const memoryBefore = await residentMiB(house.metricsUrl);
    const timesBefore = await decisionTimes(house.metricsUrl);
    const { attempts, mostUnderWay } = await openLoop(post, capacityPerSec * 3, seconds);
    const times = await decisionTimes(house.metricsUrl);
    const memoryAfter = await residentMiB(house.metricsUrl);
    await sleep(1_000);
    return {
      orgId: organization.orgId,
      capacityPerSec,
      attempts,
      acknowledged,
      mostUnderWay,
      withinASecondShare: (times.withinASecond - timesBefore.withinASecond) / (times.count - timesBefore.count),
      usualLatencyMs: { before: latencyBefore, after: await usualLatencyMs(post) },
      memoryMiB: { before: memoryBefore, after: memoryAfter },
    };
  } finally {
    client.close();
  }
}

/** `npm run bench -- overload`: accepted requests are to be answered within a second at p99. */
export async function runOverloadBench(): Promise<void> {
  const house = await openHouse();
  try {
    const { orgId: _, attempts, acknowledged, ...figures } = await measureOverload(house);
    const refused = attempts.filter(({ status }) => status === 503).length;
    process.stdout.write(`${JSON.stringify({ bench: 'overload', offered: attempts.length, refused, acknowledged: acknowledged.size, ...figures })}\n`);
  } finally {
    await house.close();
  }
}

type Post = () => Promise<Attempt>;

/** Twelve callers with one request under way each. */
async function closedLoop(post: Post, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000;
  let count = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) if ((await post()).status === 200) count += 1;
  };
  await Promise.all(Array.from({ length: 12 }, caller));
  return count / seconds;
}

/** Requests start when they are due, whatever became of the earlier ones. */
async function openLoop(post: Post, perSec: number, seconds: number): Promise<{ attempts: Attempt[]; mostUnderWay: number }> {
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

async function usualLatencyMs(post: Post): Promise<number> {
  const latencies: number[] = [];
  for (let count = 0; count < 21; count += 1) latencies.push((await post()).latencyMs);
  return latencies.toSorted((a, b) => a - b)[10] ?? Number.NaN;
}
