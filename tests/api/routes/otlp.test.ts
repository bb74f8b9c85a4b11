import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { DecisionUnavailable } from '../../../api/governance-runtime.ts';
import { ExportTraceResponse, OtlpStatus } from '../../../schemas/otlp.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { exportSpans, makeSpans, payloadOf } from '../../support/otel-spans.ts';
import { attribute, spanMessage, traces } from '../../support/protobuf-message.ts';

const PATH = '/api/v1/otlp/v1/traces';
const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'lookup' };
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());
afterEach(() => test.runtime.failWith(null));

interface Sent {
  body: Buffer | string;
  headers?: Record<string, string>;
  key?: string;
}

async function post({ body, headers = {}, key = test.ownerKey }: Sent) {
  const response = await fetch(test.baseUrl + PATH, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/x-protobuf', ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

const postJson = (body: unknown, sent: Partial<Sent> = {}) =>
  post({ ...sent, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...sent.headers } });

/** `ExportTraceServiceResponse`, read apart from the code that writes it. */
function partialSuccess(bytes: Buffer): { rejected: number; message: string } | null {
  if (bytes.length === 0) return null;
  const outer = protobuf.Reader.create(bytes);
  expect(outer.uint32()).toBe(10);
  const inner = protobuf.Reader.create(outer.bytes());
  const answer = { rejected: 0, message: '' };
  while (inner.pos < inner.len) {
    const tag = inner.uint32();
    if (tag === 8) answer.rejected = inner.uint32();
    else if (tag === 18) answer.message = inner.string();
    else throw new Error(`unexpected tag ${tag}`);
  }
  return answer;
}

const events = async (query: string, key = test.ownerKey) =>
  (await test.call('GET', `/api/v1/governance/events?${query}`, { key })).body.data as { eventId: string; action: string; agentId: string }[];

describe('the OpenTelemetry intake', () => {
  it.each([
    ['protobuf', false],
    ['protobuf', true],
    ['json', false],
    ['json', true],
  ] as const)('takes what the exporter sends in %s, gzip: %s, and registers the agent by its first span', async (encoding, gzip) => {
    const agent = `agent-${encoding}-${gzip ? 'gzip' : 'plain'}`;
    const spans = makeSpans(
      [
        { name: 'execute_tool lookup', attributes: TOOL },
        { name: 'GET /', attributes: { 'http.request.method': 'GET' } },
      ],
      { 'service.name': agent },
    );
    const url = test.baseUrl + PATH;
    expect(await exportSpans(spans, { url, encoding, gzip, headers: { 'x-api-key': test.ownerKey } })).toEqual({ ok: true });
    const { traceId = '', spanId = '' } = spans[0]?.spanContext() ?? {};
    expect(await events(`agentId=${agent}`)).toMatchObject([{ eventId: `otel:${traceId}:${spanId}`, action: 'lookup', agentId: agent }]);
    const { body } = await test.call('GET', `/api/v1/governance/agents/${agent}`, { key: test.ownerKey });
    expect(body).toMatchObject({ agentId: agent, status: 'active', profile: null });
  });

  it('answers in the encoding of the request, empty where nothing was rejected', async () => {
    const spans = makeSpans([{ name: 'chat', attributes: { 'gen_ai.operation.name': 'chat' } }]);
    const sent = await payloadOf(spans, { encoding: 'protobuf' });
    const first = await post({ body: sent.body });
    expect([first.status, first.headers.get('content-type'), first.bytes.length]).toEqual([200, 'application/x-protobuf', 0]);
    const second = await post({ body: (await payloadOf(spans, { encoding: 'json' })).body, headers: { 'content-type': 'application/json' } });
    expect([second.status, second.headers.get('content-type'), second.text]).toEqual([200, 'application/json; charset=utf-8', '{}']);
  });

  it('records a span once, however often and whichever way it comes', async () => {
    const spans = makeSpans([{ name: 'x', attributes: { ...TOOL, 'gen_ai.tool.call.result': 'found' } }], { 'service.name': 'retrying' });
    const sent = await payloadOf(spans, { encoding: 'protobuf' });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await post({ body: sent.body })).bytes.length).toBe(0);
    expect((await postJson(JSON.parse((await payloadOf(spans, { encoding: 'json' })).body.toString()))).text).toBe('{}');
    expect(await events('agentId=retrying')).toHaveLength(2);
  });

  it('takes a span that stands in a request twice as one', async () => {
    const span = spanMessage({ spanId: Buffer.alloc(8, 21) });
    expect((await post({ body: traces([span, span]) })).bytes.length).toBe(0);
  });

  it('rejects bad spans with reasons and a span to look for, quotes nothing of them, and records the others', async () => {
    const good = spanMessage({
      spanId: Buffer.alloc(8, 31),
      attributes: [attribute('gen_ai.operation.name', 'execute_tool'), attribute('gen_ai.tool.name', 'beside'), attribute('gen_ai.agent.name', 'beside-bad')],
    });
    const { status, bytes } = await post({
      body: traces([
        spanMessage({ spanId: Buffer.alloc(8, 32), attributes: [attribute('gen_ai.operation.name', 'chat'), attribute('secret-4711', Buffer.from([0xff]))] }),
        good,
        spanMessage({ spanId: Buffer.alloc(8, 33), endNano: 1n, startNano: 2n }),
        spanMessage({ spanId: Buffer.alloc(8, 34), startNano: 1n, endNano: 2n }),
      ]),
    });
    const answer = partialSuccess(bytes);
    expect([status, answer?.rejected]).toEqual([200, 3]);
    expect(answer?.message).toBe(
      'rejected because a span 1 holds text that is not UTF-8 (such as 2020202020202020); 2 has no start or no end (such as 2121212121212121)',
    );
    expect(await events('agentId=beside-bad')).toHaveLength(1);
  });

  it('says the same in JSON, with the count as text', async () => {
    const span = {
      traceId: '0a'.repeat(16),
      spanId: '0b'.repeat(8),
      attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }],
      startTimeUnixNano: 'soon',
    };
    const { status, text } = await postJson({ resourceSpans: [{ scopeSpans: [{ spans: [span, 7] }] }] });
    expect(status).toBe(200);
    expect(ExportTraceResponse.parse(JSON.parse(text))).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage: 'rejected because a span 2 has a field or an attribute of the wrong type (such as 0b0b0b0b0b0b0b0b)',
      },
    });
  });

  it('rejects a span that was recorded with other content', async () => {
    const spanId = Buffer.alloc(8, 41);
    const named = (tool: string) =>
      traces([
        spanMessage({
          spanId,
          startNano: BigInt(Date.now() - 9_000) * 1_000_000n,
          attributes: [attribute('gen_ai.operation.name', 'execute_tool'), attribute('gen_ai.tool.name', tool)],
        }),
      ]);
    expect((await post({ body: named('one') })).bytes.length).toBe(0);
    expect(partialSuccess((await post({ body: named('another') })).bytes)).toEqual({
      rejected: 1,
      message: 'rejected because a span 1 was recorded before with other content (such as 2929292929292929)',
    });
  });

  it('records a span whose long names end in the middle of a surrogate pair, and the spans beside it', async () => {
    const long = `${'x'.repeat(255)}\u{1F600}`;
    const names = { 'error.type': long, 'gen_ai.response.model': long, 'gen_ai.provider.name': long };
    const spans = makeSpans(
      [
        { name: 'chat', attributes: { 'gen_ai.operation.name': 'chat', ...names } },
        { name: 'x', attributes: TOOL },
      ],
      { 'service.name': 'long-names' },
    );
    const { status, bytes } = await post({ body: (await payloadOf(spans, { encoding: 'protobuf' })).body });
    expect([status, bytes.length]).toEqual([200, 0]);
    expect(await events('agentId=long-names')).toHaveLength(2);
  });

  it('rejects what the month has no room for, and answers 429 where it has none for any', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization({ eventQuota: 1 }) });
    const spans = (from: number) => traces([spanMessage({ spanId: Buffer.alloc(8, from) }), spanMessage({ spanId: Buffer.alloc(8, from + 1) })]);
    expect(partialSuccess((await post({ body: spans(51), key })).bytes)).toMatchObject({
      rejected: 1,
      message: expect.stringContaining("is beyond this month's events"),
    });
    const { status, headers } = await post({ body: spans(61), key });
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('counts spans by what became of them', async () => {
    const count = async (outcome: string): Promise<number> =>
      Number(new RegExp(`^mastguard_otlp_spans_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(await test.metrics.metrics())?.[1] ?? 0);
    const before = await Promise.all(['recorded', 'ignored', 'rejected'].map(count));
    const ignored = spanMessage({ spanId: Buffer.alloc(8, 72), attributes: [attribute('http.request.method', 'GET')] });
    await post({ body: traces([spanMessage({ spanId: Buffer.alloc(8, 71) }), ignored, ignored, spanMessage({ spanId: Buffer.alloc(8) })]) });
    const after = await Promise.all(['recorded', 'ignored', 'rejected'].map(count));
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 2, 1]);
  });
});

/** The answer to a request that says how much it would send, and has not sent it yet. */
const statusOfLength = (length: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { 'x-api-key': test.ownerKey, 'content-type': 'application/x-protobuf', 'content-length': length };
    const req = request(test.baseUrl + PATH, { method: 'POST', agent: false, headers }, (res) => {
      resolve(res.statusCode);
      req.destroy();
    });
    req.on('error', reject);
    req.flushHeaders();
  });

/** `google.rpc.Status`: field 2 is the message. */
function statusMessage(bytes: Buffer): string {
  const reader = protobuf.Reader.create(bytes);
  expect(reader.uint32()).toBe(18);
  return reader.string();
}

describe('errors of the OpenTelemetry intake', () => {
  const body = traces([spanMessage({ spanId: Buffer.alloc(8, 81) })]);

  it('are a Status in the encoding of the request', async () => {
    const inProtobuf = await post({ body, key: 'mg_live_wrong' });
    expect([inProtobuf.status, inProtobuf.headers.get('content-type'), statusMessage(inProtobuf.bytes)]).toEqual([
      401,
      'application/x-protobuf',
      'unauthenticated: Not authenticated',
    ]);
    const inJson = await postJson({}, { key: 'mg_live_wrong' });
    expect([inJson.status, OtlpStatus.parse(JSON.parse(inJson.text))]).toEqual([401, { message: 'unauthenticated: Not authenticated' }]);
    expect(inJson.headers.get('x-request-id')).not.toBeNull();
  });

  it('403 without the scope to write events', async () => {
    const { key } = await test.newKey({ scopes: ['events:read'] });
    const { status, bytes } = await post({ body, key });
    expect([status, statusMessage(bytes)]).toEqual([403, 'missing-scope: this needs the scope events:write']);
  });

  it.each([
    ['text/plain', {}],
    ['application/json; charset=latin1', {}],
    ['application/x-protobuf', { 'content-encoding': 'zstd' }],
    ['application/x-protobuf', { 'content-encoding': 'gzip, gzip' }],
  ])('415 for %s %j', async (type, headers) => {
    expect((await post({ body, headers: { 'content-type': type, ...headers } })).status).toBe(415);
  });

  it('400 for a body that is not what it says', async () => {
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-encoding': 'gzip' }]) {
      const { status, text } = await post({ body, headers });
      expect([status, text]).toEqual([400, expect.stringContaining('malformed-otlp')]);
    }
    expect((await post({ body: Buffer.from([0x0a, 0x7f]) })).status).toBe(400);
  });

  it('413 for a body that is too large, before or after it is decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    const { status, bytes } = await post({ body: bomb, headers: { 'content-encoding': 'gzip' } });
    expect([status, statusMessage(bytes)]).toEqual([413, 'payload-too-large: at most 8388608 bytes when decompressed']);
    expect(await statusOfLength(4 * 1024 * 1024 + 1)).toBe(413);
    expect((await post({ body: traces(Array.from({ length: 10_001 }, () => Buffer.alloc(0))) })).status).toBe(413);
  });

  it('429 with Retry-After beyond the rate', async () => {
    const limited = await startApi({ config: { rateLimit: { burst: 1, windowMs: 60_000 } } });
    try {
      const send = () =>
        fetch(limited.baseUrl + PATH, { method: 'POST', headers: { 'x-api-key': limited.ownerKey, 'content-type': 'application/json' }, body: '{}' });
      expect((await send()).status).toBe(200);
      const refused = await send();
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    } finally {
      await limited.stop();
    }
  });

  it('503 with Retry-After while decisions cannot be recorded, and the exporter delivers when they can again', async () => {
    test.runtime.failWith(new DecisionUnavailable('away'));
    const answer = await post({ body });
    expect([answer.status, answer.headers.get('retry-after'), statusMessage(answer.bytes)]).toEqual([503, '1', 'decision-unavailable: Decision unavailable']);
    const spans = makeSpans([{ name: 'x', attributes: TOOL }], { 'service.name': 'patient' });
    const exported = exportSpans(spans, { url: test.baseUrl + PATH, encoding: 'protobuf', headers: { 'x-api-key': test.ownerKey } });
    const refusedOnce = async (): Promise<boolean> => /status="503"\} [2-9]/.test(await test.metrics.metrics());
    while (!(await refusedOnce())) await new Promise((resolve) => setTimeout(resolve, 20));
    test.runtime.failWith(null);
    expect(await exported).toEqual({ ok: true });
    expect(await events('agentId=patient')).toHaveLength(1);
  });
});
