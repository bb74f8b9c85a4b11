import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import OpenAI from 'openai';
import type { Decide } from '../sdk/agent/src/decision.ts';
import { wrapOpenAI } from '../sdk/agent/src/wrap-openai.ts';
import { startModelServer } from './wrapper/model-server.ts';

/**
 * What `wrapOpenAI` adds to a call where the decision takes no time: the bare client and the wrapped one in turns, call by call, against a model on
 * loopback that answers at once. A table, then one JSON line a mode `{bench, mode, calls, bareMsP50, addedMsP50, addedMsP99}`, and one for the heap
 * `{bench, calls, heapBytes}`: what is in use after each fifth of the streamed calls, after a garbage collection. Added is the difference of two
 * neighbours.
 */
export async function runWrapperBench(): Promise<void> {
  const server = await startModelServer();
  try {
    const bare = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const wrapped = wrapOpenAI(bare, { decide: allowAll });
    const results = [];
    for (const [mode, ask] of Object.entries(modes))
      results.push({
        bench: 'wrapper',
        mode,
        ...(await compare(
          () => ask(bare),
          () => ask(wrapped),
        )),
      });
    const heap = { bench: 'wrapper', calls: HEAP_CALLS, heapBytes: await heapOver(() => askStreamed(wrapped)) };
    process.stdout.write(`${['mode', 'calls', 'bare p50', 'added p50', 'added p99 (ms)'].map((title) => title.padStart(15)).join('')}\n`);
    for (const { mode, calls, bareMsP50, addedMsP50, addedMsP99 } of results) {
      process.stdout.write(`${[mode, calls, bareMsP50, addedMsP50, addedMsP99].map((value) => String(value).padStart(15)).join('')}\n`);
    }
    process.stdout.write(`heap in MiB after each fifth of ${HEAP_CALLS} calls: ${heap.heapBytes.map((bytes) => (bytes / 2 ** 20).toFixed(2)).join(' ')}\n`);
    for (const result of [...results, heap]) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await server.close();
  }
}

const WARM_UP_CALLS = 300;
const CALLS = 1_500;
const HEAP_CALLS = 10_000;

const allowAll: Decide = ({ id }) => ({ eventId: id, value: 'ALLOW', source: 'local', mast: [], riskScore: 0, reasons: [], policy: null });

const question = { model: 'm-1', messages: [{ role: 'user' as const, content: 'Say sixty words about nothing in particular, please.' }] };

async function askWhole(client: OpenAI): Promise<void> {
  await client.chat.completions.create(question);
}

async function askStreamed(client: OpenAI): Promise<void> {
  let chunks = 0;
  for await (const _ of await client.chat.completions.create({ ...question, stream: true })) chunks++;
  if (chunks !== 62) throw new Error(`${chunks} chunks`);
}

const modes = { whole: askWhole, streamed: askStreamed };

interface Comparison {
  calls: number;
  bareMsP50: number;
  addedMsP50: number;
  addedMsP99: number;
}

async function compare(bare: () => Promise<void>, wrapped: () => Promise<void>): Promise<Comparison> {
  const ofBare: number[] = [];
  const added: number[] = [];
  for (let call = 0; call < WARM_UP_CALLS + CALLS; call++) {
    // Whoever comes second may find the machine warmer.
    const [first, second] = call % 2 === 0 ? [bare, wrapped] : [wrapped, bare];
    const firstMs = await timeOf(first);
    const secondMs = await timeOf(second);
    const bareMs = call % 2 === 0 ? firstMs : secondMs;
    if (call < WARM_UP_CALLS) continue;
    ofBare.push(bareMs);
    added.push((call % 2 === 0 ? secondMs : firstMs) - bareMs);
  }
  return { calls: CALLS, bareMsP50: quantile(ofBare, 0.5), addedMsP50: quantile(added, 0.5), addedMsP99: quantile(added, 0.99) };
}

async function timeOf(call: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

const quantile = (values: readonly number[], part: number): number =>
  Number((values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? 0).toFixed(3));

async function heapOver(call: () => Promise<void>): Promise<number[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used: number[] = [];
  for (let made = 1; made <= HEAP_CALLS; made++) {
    await call();
    if (made % (HEAP_CALLS / 5) !== 0) continue;
    // What is to be finalised takes a turn of its own.
    for (let turn = 0; turn < 3; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    used.push(process.memoryUsage().heapUsed);
  }
  return used;
}
