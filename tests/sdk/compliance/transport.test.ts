import { inspect } from 'node:util';
import { type ClientOptions, MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import * as errors from '../../../sdk/compliance/src/errors.ts';
import type { Attempt } from '../../../sdk/compliance/src/transport.ts';
import { letTimePass } from '../../support/let-time-pass.ts';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

const KEY = 'mg_test_not_a_real_key';
const AGENT = { agentId: 'a' };
const SOON = { 'retry-after-ms': '1' };
const problem = (status: number, code: string, more: object = {}) => ({
  type: `/errors/${code}`,
  title: 'Said no',
  status,
  code,
  requestId: 'req_server',
  ...more,
});

let server: ScriptedServer;
// One for each test: what a call has given up may still arrive.
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const client = (options: ClientOptions = {}) => new MastGuardClient({ apiKey: KEY, baseUrl: server.url, ...options });
/** What a call rejects with. */
const failure = async (call: PromiseLike<unknown>): Promise<errors.MastGuardError> => {
  try {
    await call;
  } catch (error) {
    return error as errors.MastGuardError;
  }
  throw new Error('the call was expected to fail');
};

describe('a request', () => {
  it('carries key, type and version, and goes to the base URL with or without a slash', async () => {
    server.play({ body: AGENT });
    await client({ baseUrl: `${server.url}/prefix/`, headers: { 'x-team': 'billing' } }).agents.update('a', { owner: 'ops' });
    const [call] = server.calls;
    expect([call?.method, call?.path, call?.body]).toEqual(['PUT', '/prefix/api/v1/governance/agents/a', '{"owner":"ops"}']);
    expect(call?.headers).toMatchObject({
      'x-api-key': KEY,
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'mastguard-sdk/0.1.1',
      'x-team': 'billing',
      'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
    });
  });

  it('without a body names no type of one', async () => {
    server.play({ body: AGENT });
    await client().agents.resume('a');
    expect([server.calls[0]?.body, server.calls[0]?.headers['content-type']]).toEqual(['', undefined]);
  });

  it.each([
    ['a/../b?c#d', '/api/v1/governance/agents/a%2F..%2Fb%3Fc%23d'],
    ['..', '/api/v1/governance/agents/%00'],
    ['.', '/api/v1/governance/agents/%00'],
  ])('with the id %j stays with the resource it is for', async (id, path) => {
    server.play({ body: AGENT });
    await client().agents.get(id);
    expect(server.calls[0]?.path).toBe(path);
  });

  it('leaves out what is undefined', async () => {
    server.play({ body: { data: [], nextCursor: null } });
    await client().governance.events.list({ agentId: 'a b', limit: undefined, value: 'HITL' });
    expect(server.calls[0]?.path).toBe('/api/v1/governance/events?agentId=a+b&value=HITL');
  });

  it('takes key and address from the environment where the options are silent', async () => {
    server.play({ body: AGENT });
    process.env['MASTGUARD_API_KEY'] = 'mg_test_of_the_environment';
    process.env['MASTGUARD_BASE_URL'] = server.url;
    try {
      await new MastGuardClient().agents.get('a');
      await client({ baseUrl: undefined }).agents.get('a');
    } finally {
      delete process.env['MASTGUARD_API_KEY'];
      delete process.env['MASTGUARD_BASE_URL'];
    }
    expect(server.calls.map(({ headers }) => headers['x-api-key'])).toEqual(['mg_test_of_the_environment', KEY]);
  });
});

describe('a client', () => {
  it.each([undefined, '', 'with blank', 'with\nline'])('is not made with the key %j, and does not say it', (apiKey) => {
    const made = () => new MastGuardClient({ apiKey, baseUrl: server.url });
    expect(made).toThrow(errors.MastGuardError);
    expect(made).toThrow(expect.objectContaining({ code: 'invalid-api-key', message: expect.not.stringContaining('with\n') }));
  });

  it.each(['', 'api.mastguard.io', 'ftp://example.com', 'https://', 'https://example.com/?x=1'])('is not made for the address %j', (baseUrl) => {
    expect(() => client({ baseUrl })).toThrow(expect.objectContaining({ code: 'invalid-base-url' }));
  });

  it('shows its key neither when it is printed nor in its errors', async () => {
    server.play({ status: 500, body: problem(500, 'internal') }, { fault: 'drop' });
    const mg = client({ maxRetries: 0 });
    const shown = [mg, await failure(mg.agents.get('a')), await failure(mg.agents.get('a'))].map((it) => inspect(it, { depth: 9, showHidden: true }));
    expect(shown.join()).not.toContain(KEY);
    expect(JSON.stringify(mg)).not.toContain(KEY);
  });
});

const kinds: Record<string, typeof errors.MastGuardError> = { ...errors };

describe('an error', () => {
  it.each([
    [400, 'malformed-json', 'MastGuardValidationError'],
    [401, 'unauthenticated', 'MastGuardAuthenticationError'],
    [403, 'missing-scope', 'MastGuardPermissionDeniedError'],
    [404, 'not-found', 'MastGuardNotFoundError'],
    [405, 'method-not-allowed', 'MastGuardError'],
    [409, 'review-decided', 'MastGuardConflictError'],
    [413, 'payload-too-large', 'MastGuardValidationError'],
    [415, 'unsupported-media-type', 'MastGuardValidationError'],
    [422, 'id-reused', 'MastGuardValidationError'],
    [429, 'quota-exceeded', 'MastGuardRateLimitError'],
  ] as const)('of status %d %s is final, and a %s', async (status, code, name) => {
    server.play({ status, headers: { 'x-request-id': 'req_answer' }, body: problem(status, code) });
    const error = await failure(client().agents.get('a'));
    expect([error instanceof errors.MastGuardError, error instanceof (kinds[name] ?? Map), error instanceof Error]).toEqual([true, true, true]);
    expect(error).toMatchObject({ name, status, code, requestId: 'req_answer', problem: { title: 'Said no' } });
    expect(server.calls).toHaveLength(1);
  });

  it('of a validation lists the faults, and its message names them', async () => {
    server.play({ status: 422, body: problem(422, 'validation-failed', { errors: [{ pointer: '/agentId', detail: 'is required' }] }) });
    const error = (await failure(client().agents.get('a'))) as errors.MastGuardValidationError;
    expect([error.errors, error.message]).toEqual([[{ pointer: '/agentId', detail: 'is required' }], 'Said no: /agentId is required']);
  });

  it('of a conflict says why', async () => {
    server.play({ status: 409, body: problem(409, 'approval-refused', { refusal: 'expired' }) });
    expect(((await failure(client().hitl.consume('r', { digest: 'd' }))) as errors.MastGuardConflictError).refusal).toBe('expired');
  });

  it('of a proxy, which is no problem of ours, has its status for a code', async () => {
    server.play({ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' });
    expect(await failure(client({ maxRetries: 0 }).agents.get('a'))).toMatchObject({ name: 'MastGuardServerError', code: 'http-502', message: 'status 502' });
  });

  it('is a success that is no JSON', async () => {
    server.play({ body: '<h1>Sign in to the network</h1>' });
    expect(await failure(client().agents.get('a'))).toMatchObject({ name: 'MastGuardConnectionError', code: 'not-json' });
    expect(server.calls).toHaveLength(1);
  });

  it('is a redirect, which would take the key along', async () => {
    const elsewhere = await startScriptedServer();
    server.play({ status: 307, headers: { location: `${elsewhere.url}/` } });
    try {
      expect(await failure(client().agents.get('a'))).toMatchObject({ name: 'MastGuardConnectionError', code: 'redirected', status: 307 });
      expect([server.calls.length, elsewhere.calls.length]).toEqual([1, 0]);
    } finally {
      await elsewhere.close();
    }
  });
});

describe('a retry', () => {
  it.each([408, 429, 500, 502, 503, 504])('follows %d, with the same request id, key and body', async (status) => {
    server.play({ status, headers: SOON, body: problem(status, 'passing') }, { status, headers: SOON }, { body: { value: 'ALLOW' } });
    expect(await client().governance.ingest({ agentId: 'a', action: 'read' })).toMatchObject({ value: 'ALLOW' });
    const sent = server.calls.map(({ headers, body }) => [headers['x-request-id'], headers['idempotency-key'], body].join());
    expect([sent.length, new Set(sent).size]).toEqual([3, 1]);
    expect(server.calls[0]?.headers['idempotency-key']).toMatch(/^evt_[0-9a-f]{32}$/);
  });

  it.each(['drop', 'cut'] as const)('follows a lost connection (%s)', async (fault) => {
    server.play({ fault }, { body: AGENT });
    expect(await client().agents.get('a')).toEqual(AGENT);
    expect(server.calls).toHaveLength(2);
  });

  it.each(['hang', 'stall'] as const)('follows a time-out (%s), which is the error where it was the last', async (fault) => {
    server.play({ fault }, { body: AGENT });
    // A busy machine may be late with the answer too, but not every time.
    expect(await client({ timeoutMs: 200, maxRetries: 20 }).agents.get('a')).toEqual(AGENT);
    server.play({ fault });
    const error = (await failure(client().agents.get('a', { timeoutMs: 50, maxRetries: 0 }))) as errors.MastGuardConnectionError;
    expect([error.name, error.timeout, error.code]).toEqual(['MastGuardConnectionError', true, 'timeout']);
  });

  it('follows a conflict that the server says will pass', async () => {
    server.play({ status: 409, headers: SOON, body: problem(409, 'not-yet-signed') }, { body: AGENT });
    expect(await client().agents.get('a')).toEqual(AGENT);
  });

  it('is not made for a used-up quota, nor where the server asks for more than a minute', async () => {
    server.play({ status: 429, headers: SOON, body: problem(429, 'quota-exceeded') });
    expect(((await failure(client().agents.get('a'))) as errors.MastGuardRateLimitError).quota).toBe(true);
    server.play({ status: 503, headers: { 'retry-after': '61' }, body: problem(503, 'decision-unavailable') });
    expect(await failure(client().agents.get('a'))).toMatchObject({ status: 503, retryAfterMs: 61_000 });
    expect(server.calls).toHaveLength(1);
  });

  it('is made as often as was said, by the client or the call', async () => {
    server.play({ status: 503, headers: SOON });
    await failure(client({ maxRetries: 4 }).agents.get('a'));
    expect(server.calls).toHaveLength(5);
    await failure(client({ maxRetries: 4 }).agents.get('a', { maxRetries: 0 }));
    expect(server.calls).toHaveLength(6);
  });

  it('of what must not be done twice follows only a refusal to begin', async () => {
    const grant = { agentId: 'a', tool: 't', bounds: {}, maxUses: 1, reason: 'r', expiresAt: '2026-01-01T00:00:00Z' };
    for (const answer of [{ status: 503, headers: SOON }, { fault: 'drop' as const }]) {
      server.play(answer);
      await failure(client().hitl.grants.create(grant));
      expect(server.calls).toHaveLength(1);
    }
    server.play({ status: 429, headers: SOON, body: problem(429, 'rate-limited') }, { status: 201, body: { id: 'gra_1' } });
    expect(await client().hitl.grants.create(grant)).toEqual({ id: 'gra_1' });
  });

  it("keeps the caller's ids", async () => {
    server.play({ body: {} });
    await client().governance.ingest({ id: 'evt_mine', agentId: 'a', action: 'read' });
    await client().governance.ingest({ agentId: 'a', action: 'read' }, { idempotencyKey: 'key-1' });
    expect(server.calls.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, 'key-1']);
    await client().governance.ingestBatch(
      [
        { agentId: 'a', action: 'read' },
        { id: 'b', agentId: 'a', action: 'read' },
      ],
      { idempotencyKey: 'key-2' },
    );
    const { events } = JSON.parse(server.calls[2]?.body ?? '') as { events: { id: string }[] };
    expect(events.map(({ id }) => id)).toEqual(['key-2.0', 'b']);
  });

  it('is told to whoever keeps logs, without ids and bodies', async () => {
    const told: Attempt[] = [];
    server.play({ status: 503, headers: SOON, body: problem(503, 'decision-unavailable') }, { fault: 'drop' }, { body: AGENT });
    await client({ onAttempt: (attempt) => void told.push(attempt) }).agents.get('agent-77');
    expect(told).toMatchObject([
      { attempt: 0, status: 503, code: 'decision-unavailable', retryInMs: 1 },
      { attempt: 1, status: undefined, code: 'unreachable', retryInMs: expect.any(Number) },
      { attempt: 2, status: 200, code: undefined, retryInMs: undefined },
    ]);
    expect(new Set(told.map(({ operation }) => operation))).toEqual(new Set(['GET /api/v1/governance/agents/{agentId}']));
    expect(JSON.stringify(told)).not.toContain('agent-77');
  });
});

const reason = new Error('changed my mind');

describe('an abort', () => {
  it('before the call sends nothing', async () => {
    server.play({ body: AGENT });
    expect(await failure(client().agents.get('a', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(server.calls).toHaveLength(0);
  });

  it.each(['hang', 'stall'] as const)('ends a request under way (%s) with its reason, and no other follows', async (fault) => {
    server.play({ fault });
    const aborter = new AbortController();
    const call = failure(client().agents.get('a', { signal: aborter.signal }));
    await server.called(1);
    aborter.abort(reason);
    expect(await call).toBe(reason);
    expect(server.calls).toHaveLength(1);
  });

  it('ends the wait for a retry', async () => {
    server.play({ status: 503, headers: { 'retry-after': '60' } });
    const aborter = new AbortController();
    const call = failure(client({ onAttempt: () => setImmediate(() => aborter.abort(reason)) }).agents.get('a', { signal: aborter.signal }));
    expect(await call).toBe(reason);
    expect(server.calls).toHaveLength(1);
  });
});

describe('a wait for people', () => {
  const pending = { body: { id: 'rev_1', status: 'pending', outcome: null } };
  /** Far below what eight retries take. */
  const SOON_MS = 10_000;
  const faults = {
    drop: () => Promise.reject(new TypeError('fetch failed')),
    hang: (signal: AbortSignal | null | undefined) =>
      new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
  };

  it.each(['drop', 'hang'] as const)('ends in its time although MastGuard does not answer (%s)', async (fault) => {
    const { hitl } = client({ fetch: (_url, init) => faults[fault](init?.signal) });
    const [error, tookMs] = await letTimePass(async () => {
      const startMs = Date.now();
      return [(await failure(hitl.wait('rev_1', { timeoutMs: 100 }))) as errors.MastGuardConnectionError, Date.now() - startMs];
    });
    expect([error.name, error.timeout, tookMs < SOON_MS]).toEqual(['MastGuardConnectionError', true, true]);
  });

  it('ends with the review as it was last seen where MastGuard goes away meanwhile', async () => {
    let calls = 0;
    const { hitl } = client({ fetch: () => ((calls += 1) === 1 ? Promise.resolve(Response.json(pending.body)) : faults.drop()) });
    const [review, tookMs] = await letTimePass(async () => {
      const startMs = Date.now();
      return [await hitl.wait('rev_1', { timeoutMs: 500 }), Date.now() - startMs];
    });
    expect([review, tookMs < SOON_MS, calls > 1]).toEqual([pending.body, true, true]);
  });

  it('that was asked for no time has one answer', async () => {
    server.play(pending);
    expect(await client().hitl.wait('rev_1', { timeoutMs: 0 })).toEqual(pending.body);
    expect(server.calls.map(({ path }) => path)).toEqual(['/api/v1/hitl/reviews/rev_1?wait=0']);
  });

  it.each([{}, { timeoutMs: 2 ** 40 }, { timeoutMs: 60_000 }])("with %j ends with the reason of the caller's signal", async (options) => {
    server.play(pending, { fault: 'hang' });
    const aborter = new AbortController();
    const wait = failure(client().hitl.wait('rev_1', { ...options, signal: aborter.signal }));
    await server.called(2);
    aborter.abort(reason);
    expect(await wait).toBe(reason);
    server.play(pending);
    expect(await failure(client().hitl.wait('rev_1', { ...options, signal: aborter.signal }))).toBe(reason);
    expect(server.calls).toHaveLength(0);
  });
});

describe('an answer', () => {
  it('comes with its response where that is asked for', async () => {
    server.play({ headers: { 'x-request-id': 'req_1', ratelimit: '"default";r=9;t=1' }, body: AGENT });
    const { data, response, requestId } = await client().agents.get('a').withResponse();
    expect([data, response.status, response.headers.get('ratelimit'), requestId]).toEqual([AGENT, 200, '"default";r=9;t=1', 'req_1']);
  });

  it('without a body is nothing', async () => {
    server.play({ status: 204, body: '', headers: { 'content-length': '0' } });
    expect(await client().hitl.grants.revoke('gra_1')).toBeUndefined();
  });
});

describe('a list', () => {
  const pages = [
    { body: { data: [{ agentId: 'a' }, { agentId: 'b' }], nextCursor: 'two' } },
    { body: { data: [], nextCursor: 'three' } },
    { body: { data: [{ agentId: 'c' }], nextCursor: null } },
  ];
  const ids = async (list: AsyncIterable<{ agentId: string }>) => {
    const found: string[] = [];
    for await (const { agentId } of list) found.push(agentId);
    return found;
  };

  it('is iterated over all its pages, with the query of the first', async () => {
    server.play(...pages);
    expect(await ids(client().agents.list({ limit: 2 }))).toEqual(['a', 'b', 'c']);
    const path = '/api/v1/governance/agents?limit=2';
    expect(server.calls.map((call) => call.path)).toEqual([path, `${path}&cursor=two`, `${path}&cursor=three`]);
  });

  it('is awaited for one page, which leads to the next', async () => {
    server.play(...pages);
    const page = await client().agents.list();
    expect([JSON.parse(JSON.stringify(page)), server.calls.length]).toEqual([pages[0]?.body, 1]);
    expect(await page.nextPage()).toMatchObject({ data: [], nextCursor: 'three' });
    server.play(...pages.slice(1));
    expect(await ids(page)).toEqual(['a', 'b', 'c']);
  });

  it('gives one page of a cursor with page(), and null behind the last', async () => {
    server.play(...pages.slice(2));
    const page = await client().agents.list({ cursor: 'three' }).page();
    expect([page.nextCursor, page.nextPage(), server.calls[0]?.path]).toEqual([null, null, '/api/v1/governance/agents?cursor=three']);
  });

  it('that is left asks for no further page', async () => {
    server.play(...pages);
    for await (const { agentId } of client().agents.list()) if (agentId === 'a') break;
    expect(server.calls).toHaveLength(1);
  });

  it('fails where a later page does', async () => {
    server.play(...pages.slice(0, 1), { status: 403, body: problem(403, 'missing-scope') });
    expect(await failure(ids(client().agents.list()))).toMatchObject({ code: 'missing-scope' });
  });
});
