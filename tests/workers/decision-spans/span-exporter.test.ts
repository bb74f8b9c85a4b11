import { createGuardedFetch, type GuardedFetch } from '../../../activities/outbound/guarded-fetch.ts';
import { decisionSpan } from '../../../workers/decision-spans/decision-span.ts';
import { createSpanExporter, type SpanExporter, type SpanExporterOptions } from '../../../workers/decision-spans/span-exporter.ts';
import { startTraceCollector, type TraceCollector } from '../../support/trace-collector.ts';

let collector: TraceCollector;
let guarded: GuardedFetch;
let counted: Record<'sent' | 'dropped', number>;
let warnings: string[];
const exporters: SpanExporter[] = [];

beforeEach(async () => {
  collector = await startTraceCollector();
  guarded = createGuardedFetch({ allowPrivate: [new URL(collector.url).host] });
  counted = { sent: 0, dropped: 0 };
  warnings = [];
});
afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.close();
  guarded.close();
  await collector.close();
});

function start(options: Partial<SpanExporterOptions> = {}): SpanExporter {
  const exporter = createSpanExporter({
    url: collector.url,
    headers: { 'x-example': 'yes' },
    fetch: guarded.fetch,
    version: '0.1.0',
    count: (outcome, spans) => (counted[outcome] += spans),
    warn: (reason) => warnings.push(reason),
    everyMs: 1,
    retryMs: [1, 1],
    ...options,
  });
  exporters.push(exporter);
  return exporter;
}

const span = (id: string) =>
  decisionSpan({
    orgId: 'org',
    mode: 'governed',
    event: { id, agentId: 'a', action: 'read' },
    decision: {
      id: `dec_${id}`,
      eventId: id,
      value: 'ALLOW',
      mast: [],
      riskScore: 0,
      reasons: [],
      policy: null,
      receipt: { seq: 1, entryHash: '0'.repeat(64), checkpointSize: 0 },
      latencyMs: 3,
    },
    decidedAtMs: 1_700_000_000_000,
  });
const idsIn = (text: string): string[] => [...text.matchAll(/"stringValue":"dec_(\w+)"/g)].map(([, id]) => id ?? '');

describe('the exporter of decisions', () => {
  test('sends what has gathered in one request, in order', async () => {
    const exporter = start();
    for (const id of ['one', 'two', 'three']) exporter.add(span(id));
    await exporter.close();
    expect(collector.requests.map(({ text }) => idsIn(text))).toEqual([['one', 'two', 'three']]);
    expect(collector.requests[0]?.headers).toMatchObject({ 'x-example': 'yes', 'content-type': 'application/json' });
    expect(counted).toEqual({ sent: 3, dropped: 0 });
  });

  test.each([429, 502, 503, 504])('sends the same again after %i', async (status) => {
    collector.answers.push({ status });
    start().add(span('one'));
    await collector.received(2);
    expect(collector.requests.map(({ text }) => idsIn(text))).toEqual([['one'], ['one']]);
  });

  test('gives up what the receiver refuses, and what it does not take after all tries, and goes on', async () => {
    collector.answers.push({ status: 400 }, { status: 503 }, { status: 503 }, { status: 503 });
    const exporter = start({ maxBatch: 1 });
    for (const id of ['refused', 'unlucky', 'fine']) exporter.add(span(id));
    await collector.received(5);
    await exporter.close();
    expect(collector.requests.map(({ text }) => idsIn(text)[0])).toEqual(['refused', 'unlucky', 'unlucky', 'unlucky', 'fine']);
    expect(counted).toEqual({ sent: 1, dropped: 2 });
    expect(warnings).toEqual(['the receiver answered 400', 'the receiver answered 503']);
  });

  test('drops what the queue has no room for instead of growing', async () => {
    const exporter = start({ maxQueued: 2, everyMs: 60_000 });
    for (const id of ['one', 'two', 'three']) exporter.add(span(id));
    expect(counted).toEqual({ sent: 0, dropped: 1 });
    await exporter.close();
    expect(counted).toEqual({ sent: 2, dropped: 1 });
  });

  test('is not held up by a receiver that is away when it ends', async () => {
    collector.answers.push(...Array.from({ length: 9 }, () => ({ status: 503, retryAfter: '3600' })));
    const exporter = start({ retryMs: [3_600_000] });
    exporter.add(span('one'));
    await collector.received(1);
    await exporter.close();
    expect(counted).toEqual({ sent: 0, dropped: 1 });
  });
});

describe('the span of a decision', () => {
  test('has ids of its own that stay the same, or joins the trace of the span it is about', () => {
    const origin = `otel:${'ab'.repeat(16)}:${'cd'.repeat(8)}`;
    expect(span('one')).toEqual(span('one'));
    expect(span('one').traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span('one').parentSpanId).toBeUndefined();
    expect([span(`${origin}:result`).traceId, span(origin).parentSpanId]).toEqual(['ab'.repeat(16), 'cd'.repeat(8)]);
    expect(span('one').startTimeUnixNano).toBe('1699999999997000000');
  });
});
