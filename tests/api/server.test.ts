import { request } from 'node:http';
import { Router } from 'express';
import { DecisionUnavailable } from '../../api/governance-runtime.ts';
import { ERROR_CODES } from '../../schemas/problem.ts';
import { databaseAway, startApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { until } from '../support/until.ts';

const EVENTS = '/api/v1/governance/events';
const EVENT = { agentId: 'a', action: 'read' };
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());
afterEach(() => test.runtime.failWith(null));

const idFor = async (sent: string) => (await test.call('GET', '/health/live', { headers: { 'X-Request-Id': sent } })).headers['x-request-id'];

describe('every answer', () => {
  it('carries a request id: the one sent where it is harmless, else a new one', async () => {
    expect(await idFor('trace-1=a_b')).toBe('trace-1=a_b');
    for (const sent of ['a b', '<script>', 'x'.repeat(256), '']) expect(await idFor(sent)).toMatch(/^req_[0-9A-Z]{26}$/);
  });

  it('forbids inline script, framing and caching, and does not name the framework', async () => {
    const { headers } = await test.call('GET', '/api/v1/organization', { key: test.ownerKey });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['etag']).toBeUndefined();
  });

  it('of an authenticated request tells what is left of the rate', async () => {
    const { headers } = await test.call('GET', '/api/v1/organization', { key: test.ownerKey });
    expect(headers['ratelimit-policy']).toBe('"default";q=3000;w=60');
    expect(headers['ratelimit']).toMatch(/^"default";r=\d+;t=\d+$/);
  });

  it('leaves one line in the log, without body, key, query or path', async () => {
    test.log.length = 0;
    await test.call('POST', EVENTS, { key: test.ownerKey, body: { ...EVENT, id: 'id-in-path', content: 'the content' } });
    await test.call('GET', `${EVENTS}/id-in-path`, { key: test.ownerKey });
    await test.call('GET', `${EVENTS}?sessionId=session-in-query`, { key: test.ownerKey });
    const lines = test.log.map((line) => JSON.parse(line));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({ msg: 'request', method: 'POST', route: EVENTS, status: 200, orgId: test.orgId, decision: 'ALLOW' });
    expect(lines[1].route).toBe(`${EVENTS}/{id}`);
    for (const secret of ['the content', test.ownerKey.slice(16), 'session-in-query', 'id-in-path']) expect(test.log.join('')).not.toContain(secret);
  });

  it('is counted by route template, never by path', async () => {
    await test.call('GET', '/made/up/path');
    const text = await test.metrics.metrics();
    expect(text).toContain(`route="${EVENTS}/{id}"`);
    expect(text).toContain('mastguard_decisions_answered_total{value="ALLOW"}');
    expect(text).not.toContain('made/up');
    expect(text).not.toContain('id-in-path');
  });
});

describe('a path or method that is not there', () => {
  it('answers 404 for an unknown path, in other letters, with a slash at the end or wrongly encoded', async () => {
    for (const path of ['/', '/nothing', '/API/v1/organization', '/api/v1/organization/', `${EVENTS}/%ff`, `${EVENTS}/%E0%A4%A`]) {
      const { status, body } = await test.call('GET', path, { key: test.ownerKey });
      expect([path, status, body.code]).toEqual([path, 404, 'not-found']);
    }
  });

  it('answers 405 with the methods that are', async () => {
    const { status, body, headers } = await test.call('PATCH', EVENTS, { key: test.ownerKey });
    expect([status, body.code, headers['allow']]).toEqual([405, 'method-not-allowed', 'POST, GET, HEAD']);
    expect((await test.call('OPTIONS', '/api/v1/keys')).status).toBe(405);
  });

  it('answers HEAD as GET without the body', async () => {
    const { status, text } = await test.call('HEAD', '/health/live');
    expect([status, text]).toEqual([200, '']);
  });
});

describe('what goes wrong inside', () => {
  it('answers 503 with Retry-After when no decision can be taken', async () => {
    test.runtime.failWith(new DecisionUnavailable('temporal is away', { retryAfterMs: 2_500 }));
    const { status, body, headers } = await test.call('POST', EVENTS, { key: test.ownerKey, body: EVENT });
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'decision-unavailable', '3']);
    expect(JSON.stringify(body)).not.toContain('temporal');
  });

  it('answers 500 without a word of what it was, and logs it under the request id', async () => {
    test.log.length = 0;
    test.runtime.failWith(new TypeError('undefined is not a function at secret.ts'));
    const { status, body, text } = await test.call('POST', EVENTS, { key: test.ownerKey, body: EVENT });
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(text).not.toContain('secret.ts');
    expect(test.log.some((line) => line.includes('secret.ts') && line.includes(body.requestId))).toBe(true);
  });

  it('answers 503 with Retry-After within two seconds while the database is away', async () => {
    const sql = databaseAway();
    const cut = await startApi({ sql });
    try {
      // A machine that stalls may take longer now and then, but not each time.
      await until(async () => {
        const startedAt = performance.now();
        const { status, body, headers } = await cut.call('GET', '/api/v1/organization', { key: cut.ownerKey });
        expect([status, body.code, headers['retry-after']]).toEqual([503, 'decision-unavailable', '1']);
        const ready = await cut.call('GET', '/health/ready');
        expect([ready.status, ready.body.parts]).toEqual([503, { database: 'not ready', migrations: 'not ready', decisions: 'ready' }]);
        expect((await cut.call('GET', '/health/live')).status).toBe(200);
        return performance.now() - startedAt < 4_000;
      });
    } finally {
      await cut.stop();
      await sql.end({ timeout: 1 });
    }
  });
});

describe('health', () => {
  it('is ready when database, migrations and decisions are', async () => {
    expect((await test.call('GET', '/health/ready')).body).toEqual({ status: 'ready', parts: { database: 'ready', migrations: 'ready', decisions: 'ready' } });
  });

  it('names the part that is not', async () => {
    test.runtime.failWith(new Error('no worker'));
    const { status, body } = await test.call('GET', '/health/ready');
    expect([status, body.parts.decisions]).toEqual([503, 'not ready']);
    expect((await test.call('GET', '/health/live')).status).toBe(200);
  });
});

describe('the rate limit', () => {
  it('is per organisation: 429 with Retry-After, and the next organisation is not touched', async () => {
    const tight = await startApi({ config: { rateLimit: { burst: 3, windowMs: 60_000 } } });
    try {
      tight.clock.stoppedAtMs = Date.now();
      const other = await tight.newKey({ orgId: await tight.newOrganization() });
      const second = await tight.newKey();
      const statuses = [];
      for (const key of [tight.ownerKey, second.key, tight.ownerKey, second.key])
        statuses.push((await tight.call('GET', '/api/v1/organization', { key })).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
      const { body, headers } = await tight.call('GET', '/api/v1/organization', { key: tight.ownerKey });
      expect([body.code, headers['ratelimit'], headers['retry-after']]).toEqual(['rate-limited', '"default";r=0;t=60', '20']);
      expect((await tight.call('GET', '/api/v1/organization', { key: other.key })).status).toBe(200);
      tight.clock.offsetMs = 21_000;
      expect((await tight.call('GET', '/api/v1/organization', { key: tight.ownerKey })).status).toBe(200);
    } finally {
      await tight.stop();
    }
  });
});

describe('admission', () => {
  it('answers 503 at once when too many decisions wait, and a client that leaves makes room', async () => {
    const narrow = await startApi({ config: { admission: { maxInFlight: 1, maxQueued: 1, maxWaitMs: 60_000 } } });
    const opened: (() => void)[] = [];
    const open = () => opened.shift()?.();
    let begun = 0;
    const whenBegun = (decisions: number): Promise<unknown> => until(() => begun === decisions);
    narrow.runtime.beforeDecide = () => {
      begun += 1;
      return new Promise((resolve) => void opened.push(resolve));
    };
    const post = (signal?: AbortSignal) => narrow.call('POST', EVENTS, { key: narrow.ownerKey, body: EVENT, ...(signal && { signal }) });
    try {
      const first = post();
      await whenBegun(1);
      const leaving = new AbortController();
      const others = [post(leaving.signal), post(leaving.signal)];
      const ends = Promise.allSettled(others);
      // Whichever comes later finds no room.
      const refused = await Promise.race(others);
      expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([503, 'decision-unavailable', '1']);
      leaving.abort();
      expect((await ends).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const next = until(async () => {
        const answer = await post();
        return answer.status !== 503 && answer;
      });
      open();
      expect((await first).status).toBe(200);
      await whenBegun(2);
      open();
      expect((await next).status).toBe(200);
      expect(begun).toBe(2);
    } finally {
      await narrow.stop();
    }
  });
});

describe('closing', () => {
  it('ends long polls with the review as it stands', async () => {
    const closing = await startApi();
    try {
      const { body } = await closing.call('POST', EVENTS, { key: closing.ownerKey, body: { ...EVENT, action: 'ask' } });
      const waiting = closing.call('GET', `/api/v1/hitl/reviews/${body.review.id}?wait=55`, { key: closing.ownerKey });
      await until(() => closing.runtime.waiting > 0);
      await closing.api.close();
      expect((await waiting).body.status).toBe('pending');
    } finally {
      await closing.stop();
    }
  });
});

describe('a page mounted beside the API', () => {
  it('has its headers, its log line and its errors, and takes no path that it does not serve', async () => {
    const router = Router();
    router.get('/beside', (_req, res) => void res.type('text').send('here'));
    router.get('/beside/broken', () => {
      throw new Error('broken beside');
    });
    const beside = await startApi({ mount: () => [router] });
    try {
      const page = await beside.call('GET', '/beside');
      expect([page.text, page.headers['content-security-policy']]).toEqual(['here', expect.stringContaining("default-src 'none'")]);
      expect((await beside.call('GET', '/beside/broken')).body.code).toBe('internal');
      expect((await beside.call('GET', '/api/v1/organization', { key: beside.ownerKey })).status).toBe(200);
    } finally {
      await beside.stop();
    }
  });
});

describe('the pages', () => {
  it('explain every error code under the address its problems name', async () => {
    const { body } = await test.call('GET', '/nothing');
    expect(body.type).toBe(`${test.baseUrl}/errors/not-found`);
    for (const code of ERROR_CODES) {
      expect((await test.call('GET', `/errors/${code}`, { headers: { Accept: 'application/json' } })).body.code).toBe(code);
      const page = await test.call('GET', `/errors/${code}`, { headers: { Accept: 'text/html' } });
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.text).toContain(`<code>${code}</code>`);
    }
    expect((await test.call('GET', '/errors/none')).status).toBe(404);
  });

  it('show the API from this server alone: no inline script or style, every file served', async () => {
    const { text } = await test.call('GET', '/docs');
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|style=|\son\w+=|https?:/);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toHaveLength(4);
    for (const file of files) expect([file, (await test.call('GET', file)).status]).toEqual([file, 200]);
  });

  it('do not hand out any other file', async () => {
    expect((await test.call('GET', '/docs/package.json')).status).toBe(404);
    expect(await statusOfRawPath('/docs/../package.json')).toBe(404);
    expect(await statusOfRawPath('/docs/%2e%2e/package.json')).toBe(404);
  });
});

function statusOfRawPath(path: string): Promise<number> {
  const { hostname, port } = new URL(test.baseUrl);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path }, (res) => resolve(res.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });
}
