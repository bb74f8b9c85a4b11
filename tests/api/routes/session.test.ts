import { asTenant } from '../../../db/tenant.ts';
import { startApi } from '../../support/api.ts';
import type { Answer, TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const SESSION = '/api/v1/session';
const PASSWORD = 'correct horse battery staple';
let test: TestApi;

beforeAll(async () => {
  test = await startApi({ config: { signInLimit: { burst: 4, windowMs: 60_000 }, signInNetworkLimit: { burst: 1_000, windowMs: 60_000 }, usesEveryMs: 20 } });
  await test.newMember({ id: 'owner', role: 'Owner', password: PASSWORD });
  await test.newMember({ id: 'viewer', role: 'Viewer', password: PASSWORD });
  await test.newMember({ id: 'guest', role: 'Viewer' });
});
afterAll(() => test.stop());
afterEach(() => {
  Object.assign(test.clock, { offsetMs: 0, stoppedAtMs: null });
});

const signIn = (email: string, password = PASSWORD, headers: Record<string, string> = {}) => test.call('POST', SESSION, { body: { email, password }, headers });
const cookieOf = ({ headers }: Answer): string => String(headers['set-cookie']?.[0]).split(';')[0] ?? '';
const auditTypes = async (target: string | null): Promise<string[]> =>
  (
    await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ type: string }[]>`
    select type from audit_records where org_id = ${test.orgId} and type like 'session.%' and target is not distinct from ${target} order by seq`,
    )
  ).map(({ type }) => type);

describe('signing in', () => {
  it('sets a cookie that scripts cannot read and answers who signed in', async () => {
    const answer = await signIn(' Owner@Example.com ');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ kind: 'session', orgId: test.orgId, member: { id: 'owner', role: 'Owner' } });
    expect(String(answer.headers['set-cookie'])).toMatch(/^mg_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    const who = await test.call('GET', SESSION, { cookie: cookieOf(answer) });
    expect(who.body).toEqual(answer.body);
  });

  it('answers a wrong password, an unknown address and a member without password with the same bytes', async () => {
    const answers = [
      await test.call('POST', SESSION, { body: { email: 'owner@example.com', password: 'wrong' }, headers: { 'X-Request-Id': 'same' } }),
      await test.call('POST', SESSION, { body: { email: 'nobody@example.com', password: 'wrong' }, headers: { 'X-Request-Id': 'same' } }),
      await test.call('POST', SESSION, { body: { email: 'guest@example.com', password: 'wrong' }, headers: { 'X-Request-Id': 'same' } }),
      await test.call('POST', SESSION, { body: { email: 'a\u0000b@example.com', password: 'wrong' }, headers: { 'X-Request-Id': 'same' } }),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('is recorded with the id of the member, refused or not, and never with the address', async () => {
    await signIn('viewer@example.com', 'wrong');
    await signIn('viewer@example.com');
    await until(async () => (await auditTypes('viewer')).length > 0);
    expect(await auditTypes('viewer')).toEqual(['session.refused']);
    expect(await auditTypes(null)).toContain('session.opened');
    const bodies = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ body: string }[]>`select body from audit_records where org_id = ${test.orgId}`,
    );
    expect(JSON.stringify(bodies)).not.toContain('@example.com');
    expect(test.log.join('')).not.toContain('@example.com');
    expect(test.log.join('')).not.toContain(PASSWORD);
  });

  it('is limited per address, with Retry-After, and a success clears the count', async () => {
    test.clock.stoppedAtMs = Date.now();
    for (let tries = 0; tries < 3; tries++) await signIn('limited@example.com', 'wrong');
    expect((await signIn('limited@example.com', 'wrong')).status).toBe(401);
    const refused = await signIn('limited@example.com', 'wrong');
    expect([refused.status, refused.body.code]).toEqual([429, 'rate-limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    for (let tries = 0; tries < 6; tries++) expect((await signIn('viewer@example.com')).status).toBe(200);
  });
});

describe('signing in from one network', () => {
  const from = (api: TestApi, ip: string, email: string, password = 'wrong') =>
    api.call('POST', SESSION, { body: { email, password }, headers: { 'X-Forwarded-For': ip } });
  let behind: TestApi;
  beforeAll(async () => {
    behind = await startApi({ config: { trustProxy: 1, signInNetworkLimit: { burst: 3, windowMs: 60_000 } } });
    await behind.newMember({ id: 'owner', role: 'Owner', password: PASSWORD });
    behind.clock.stoppedAtMs = Date.now();
  });
  afterAll(() => behind.stop());

  it('is limited over all addresses tried, with Retry-After, and others still sign in', async () => {
    for (const name of ['a', 'b', 'c']) expect((await from(behind, '192.0.2.1', `${name}@example.com`)).status).toBe(401);
    const refused = await from(behind, '192.0.2.1', 'd@example.com');
    expect([refused.status, refused.body.code]).toEqual([429, 'rate-limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await from(behind, '192.0.2.2', 'owner@example.com', PASSWORD)).status).toBe(200);
  });

  it('is limited for all of a /64 of IPv6', async () => {
    for (const host of ['1', '2', '3']) expect((await from(behind, `2001:db8::${host}`, `${host}@example.com`)).status).toBe(401);
    expect((await from(behind, '2001:db8::4', '4@example.com')).status).toBe(429);
    expect((await from(behind, '2001:db8:0:1::1', '4@example.com')).status).toBe(401);
  });

  it('gives no tries back for a success, which would let a member guess the passwords of others', async () => {
    const owner = () => from(behind, '192.0.2.3', 'owner@example.com', PASSWORD);
    expect([(await owner()).status, (await owner()).status, (await owner()).status, (await owner()).status]).toEqual([200, 200, 200, 429]);
  });
});

describe('a session', () => {
  it('ends with signing out, and the cookie is taken back', async () => {
    const cookie = cookieOf(await signIn('owner@example.com'));
    const out = await test.call('DELETE', SESSION, { cookie, headers: { 'Sec-Fetch-Site': 'same-origin' } });
    expect(out.status).toBe(204);
    expect(String(out.headers['set-cookie'])).toMatch(/^mg_session=; Path=\/; Max-Age=0;/);
    expect((await test.call('GET', SESSION, { cookie })).status).toBe(401);
  });

  it('ends after 30 minutes without use', async () => {
    const cookie = cookieOf(await signIn('owner@example.com'));
    test.clock.offsetMs = 29 * 60_000;
    expect((await test.call('GET', SESSION, { cookie })).status).toBe(200);
    test.clock.offsetMs = 31 * 60_000;
    expect((await test.call('GET', SESSION, { cookie })).status).toBe(401);
  });

  it('holds the scopes of its role', async () => {
    const cookie = cookieOf(await signIn('viewer@example.com'));
    const refused = await test.call('GET', '/api/v1/keys', { cookie });
    expect([refused.status, refused.body.code]).toEqual([403, 'missing-scope']);
    expect((await test.call('GET', '/api/v1/governance/events', { cookie })).status).toBe(200);
  });

  it('is not accepted twice in one request, since one of the two was planted', async () => {
    const cookie = cookieOf(await signIn('owner@example.com'));
    expect((await test.call('GET', SESSION, { cookie: `${cookie}; ${cookie}` })).status).toBe(401);
    expect((await test.call('GET', SESSION, { cookie: 'mg_session=nonsense' })).status).toBe(401);
  });
});

const resume = (headers: Record<string, string>, cookie: string) => test.call('POST', '/api/v1/governance/agents/none/resume', { cookie, headers });

describe('a request with the cookie that changes something', () => {
  let cookie: string;
  beforeAll(async () => {
    cookie = cookieOf(await signIn('owner@example.com'));
  });

  it.each([{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { Origin: 'https://evil.example.com' }, { Origin: 'null' }])(
    'is refused with 403 when it says that it comes from elsewhere: %p',
    async (headers) => {
      const { status, body } = await resume(headers, cookie);
      expect([status, body.code]).toEqual([403, 'not-permitted']);
    },
  );

  it('passes from our own pages', async () => {
    // 404: it got as far as looking for the agent.
    expect((await resume({ 'Sec-Fetch-Site': 'same-origin' }, cookie)).status).toBe(404);
    expect((await resume({ 'Sec-Fetch-Site': 'none' }, cookie)).status).toBe(404);
    expect((await resume({ Origin: test.baseUrl }, cookie)).status).toBe(404);
  });

  it('passes from a client that is no browser, which sends neither header', async () => {
    expect((await resume({}, cookie)).status).toBe(404);
  });

  it('needs no origin where a key stands in for the cookie', async () => {
    expect((await test.call('POST', '/api/v1/governance/agents/none/resume', { key: test.ownerKey, cookie })).status).toBe(404);
  });

  it('cannot be a forged sign-in from another site either', async () => {
    expect((await signIn('owner@example.com', PASSWORD, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });
});

describe('behind a proxy that ends https', () => {
  it('uses a __Host- cookie with Secure, and takes no other', async () => {
    const behind = await startApi({ config: { trustProxy: 1 } });
    try {
      await behind.newMember({ id: 'owner', role: 'Owner', password: PASSWORD });
      const https = { 'X-Forwarded-Proto': 'https' };
      const answer = await behind.call('POST', SESSION, { body: { email: 'owner@example.com', password: PASSWORD }, headers: https });
      expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-mg_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/);
      const cookie = cookieOf(answer);
      expect((await behind.call('GET', SESSION, { cookie, headers: https })).status).toBe(200);
      expect((await behind.call('GET', SESSION, { cookie: cookie.replace('__Host-', ''), headers: https })).status).toBe(401);
    } finally {
      await behind.stop();
    }
  });
});
