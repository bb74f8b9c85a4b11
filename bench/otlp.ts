import { Agent, request } from 'node:http';
import { openHouse, type House } from '../tests/support/house.ts';
import { addTestOrganization, type TestOrganization } from '../tests/support/product.ts';
import { processCpuMs, processTreeCpuMs } from './decision/process-cpu.ts';
import { closedLoop } from './decision/load.ts';
import { otlpPayloads, type Payload } from './otlp/payloads.ts';

const CLIENTS = 4;
const ROUNDS = 3;

/**
 * `npm run bench -- otlp`: spans acknowledged a second, in protobuf and in JSON, beside batches of the same events, in turns of one run.
 * A span counts when the request that holds it was answered without a rejection; the ledger is counted afterwards.
 */
export async function runOtlpBench({ seconds = 5 }: { seconds?: number } = {}): Promise<void> {
  const payloads = await otlpPayloads();
  const house = await openHouse();
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  try {
    const organization = await addTestOrganization(house.sql, house.masterKey);
    const post = (payload: Payload) => () => send(agent, house.apiUrl, organization.apiKey, payload);
    // A service is measured warm.
    let expected = 0;
    for (const payload of payloads) expected += payload.events * (await closedLoop(post(payload), { clients: CLIENTS, seconds: 8 })).count;
    const results = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const payload of payloads) {
        const before = cpuMs(house);
        const { count, failed, perSec, p50Ms, p95Ms } = await closedLoop(post(payload), { clients: CLIENTS, seconds });
        expected += payload.events * count;
        const after = cpuMs(house);
        const perSpan = (part: keyof typeof after): number => Number(((after[part] - before[part]) / Math.max(1, count * payload.spans)).toFixed(3));
        const figures = {
          spansPerSec: Math.round(perSec * payload.spans),
          eventsPerSec: Math.round(perSec * payload.events),
          p50Ms,
          p95Ms,
          failed,
          cpuMsPerSpan: { product: perSpan('product'), postgres: perSpan('postgres'), temporal: perSpan('temporal') },
        };
        results.set(payload.name, [...(results.get(payload.name) ?? []), figures.spansPerSec]);
        process.stdout.write(
          `${JSON.stringify({ bench: 'otlp', payload: payload.name, spans: payload.spans, bytes: payload.next().length, round, ...figures })}\n`,
        );
      }
    }
    const recorded = await recordedEvents(house, organization);
    for (const [name, perSec] of results) process.stdout.write(`${name}: ${perSec.toSorted((a, b) => a - b)[ROUNDS >> 1]} a second\n`);
    process.stdout.write(`${recorded} events recorded, ${expected} acknowledged\n`);
    if (recorded < expected) throw new Error('the ledger holds fewer events than were acknowledged');
  } finally {
    agent.destroy();
    await house.close();
  }
}

/** CPU of the parts so far: what a span takes of it says more than a rate where the machine does other things beside. */
const cpuMs = (house: House) => ({
  product: processCpuMs(house.pid('api')),
  postgres: processTreeCpuMs(house.pid('postgres')),
  temporal: processCpuMs(house.pid('temporal')),
});

function send(agent: Agent, apiUrl: string, apiKey: string, { path, headers, next }: Payload): Promise<void> {
  const body = next();
  const { hostname, port } = new URL(apiUrl);
  return new Promise((resolve, reject) => {
    const req = request({ agent, hostname, port, method: 'POST', path, headers: { ...headers, 'content-length': body.length, 'x-api-key': apiKey } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const whole = res.statusCode === 200 && (path.endsWith('/batch') || text === '' || text === '{}');
        if (whole) resolve();
        else reject(new Error(`${res.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

async function recordedEvents({ sql }: House, { orgId }: TestOrganization): Promise<number> {
  return sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${orgId}, true)`;
    const [row] = await tx<{ count: number }[]>`select count(*)::int as count from agent_events where org_id = ${orgId}`;
    return row?.count ?? 0;
  });
}
