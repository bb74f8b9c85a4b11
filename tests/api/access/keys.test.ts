import { parseApiKey } from '../../../core/access/api-key.ts';
import { asTenant } from '../../../db/tenant.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const SESSION = '/api/v1/session';
const KEYS = '/api/v1/keys';
let test: TestApi;

beforeAll(async () => {
  test = await startApi({ config: { usesEveryMs: 50 } });
  await test.newMember({ id: 'mem_viewer', role: 'Viewer' });
  await test.newMember({ id: 'mem_admin', role: 'Admin' });
  await test.newMember({ id: 'mem_reviewer', role: 'Reviewer' });
});
afterAll(() => test.stop());

const create = (body: unknown, key = test.ownerKey) => test.call('POST', KEYS, { key, body });
const whoAmI = (key: string) => test.call('GET', SESSION, { key });

describe('authentication', () => {
  it('answers malformed, mistyped, unknown, wrong, expired and revoked keys with the same bytes', async () => {
    const expired = await test.newKey({ expiresAt: new Date(Date.now() - 1_000) });
    const revoked = await test.newKey();
    await test.call('DELETE', `${KEYS}/${revoked.id}`, { key: test.ownerKey });
    const elsewhere = await test.newKey();
    // The checksum of a key made elsewhere is right and its id is known, but the secret is not ours.
    const { formatApiKey } = await import('../../../core/access/api-key.ts');
    const wrong = formatApiKey({ mode: 'live', id: elsewhere.id, secret: 'x'.repeat(30) });
    const unknown = formatApiKey({ mode: 'live', id: 'AAAAAAAA', secret: 'x'.repeat(30) });
    const otherMode = formatApiKey({ mode: 'test', id: elsewhere.id, secret: elsewhere.key.slice(16, 46) });
    const mistyped = elsewhere.key.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const answers = await Promise.all(
      ['', 'nonsense', 'mg_live_', mistyped, unknown, wrong, otherMode, expired.key, revoked.key].map((key) =>
        test.call('GET', SESSION, { key, headers: { 'X-Request-Id': 'same' } }),
      ),
    );
    const none = await test.call('GET', SESSION, { headers: { 'X-Request-Id': 'same' } });
    expect(new Set([...answers, none].map(({ status, text, headers }) => JSON.stringify([status, text, { ...headers, date: '' }]))).size).toBe(1);
    expect(none.body).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(none.headers['www-authenticate']).toMatch(/^Bearer /);
  });

  it('takes the key as a bearer token too', async () => {
    const { status } = await test.call('GET', SESSION, { headers: { Authorization: `Bearer ${test.ownerKey}` } });
    expect(status).toBe(200);
  });

  it('does not fall back from a wrong key to anything else that was sent', async () => {
    const { status } = await test.call('GET', SESSION, { key: 'wrong', headers: { Authorization: `Bearer ${test.ownerKey}` } });
    expect(status).toBe(401);
  });

  it('binds every answer to the organisation of the key', async () => {
    const orgId = await test.newOrganization();
    const { key } = await test.newKey({ orgId });
    expect((await whoAmI(key)).body.orgId).toBe(orgId);
    expect((await test.call('GET', '/api/v1/organization', { key })).body).toEqual({ id: orgId, name: 'Example', plan: 'pro', activePolicy: null });
  });

  it('refuses a route whose scope the key does not hold and names the scope', async () => {
    const { key } = await test.newKey({ scopes: ['events:read'] });
    const { status, body } = await test.call('GET', KEYS, { key });
    expect([status, body.code, body.scope]).toEqual([403, 'missing-scope', 'keys:manage']);
  });

  it('notes the use of a key, late but without a write per request', async () => {
    const { id, key } = await test.newKey();
    await Promise.all(Array.from({ length: 5 }, () => whoAmI(key)));
    await until(async () => {
      const { body } = await test.call('GET', `${KEYS}?limit=200`, { key: test.ownerKey });
      return body.data.find((row: { id: string }) => row.id === id).lastUsedAt !== null;
    });
  });

  it('holds a key bound to a member to what the role may do today', async () => {
    const { id, key } = await test.newKey({ memberId: 'mem_viewer', scopes: ['events:read', 'events:write', 'keys:manage'] });
    const { body } = await whoAmI(key);
    expect(body).toMatchObject({ kind: 'key', scopes: ['events:read'], member: { id: 'mem_viewer', role: 'Viewer' }, key: { id, mode: 'live' } });
  });
});

describe('POST /keys', () => {
  it('shows the secret once: the key works, lists never hold it', async () => {
    const { status, body } = await create({ name: 'agent', scopes: ['events:write'], mode: 'test' });
    expect(status).toBe(201);
    expect(parseApiKey(body.key)).toEqual({ mode: 'test', id: body.id });
    expect((await whoAmI(body.key)).body.key).toEqual({ id: body.id, mode: 'test' });
    const list = await test.call('GET', `${KEYS}?limit=200`, { key: test.ownerKey });
    expect(list.text).not.toContain(body.key.slice(16, 46));
    expect(list.body.data.map(({ id }: { id: string }) => id)).toContain(body.id);
  });

  it('leaves an audit record without the secret', async () => {
    const { body } = await create({ name: 'audited', scopes: ['events:write'] });
    const [record] = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ body: string }[]>`
      select body from audit_records where org_id = ${test.orgId} and type = 'key.created' and target = ${body.id}`,
    );
    expect(JSON.parse(record?.body ?? '').details).toMatchObject({ mode: 'live', scopes: ['events:write'], memberId: null });
    expect(record?.body).not.toContain(body.key.slice(16, 46));
  });

  it('gives no scope that the creator does not hold', async () => {
    const { key } = await test.newKey({ scopes: ['keys:manage', 'events:read'] });
    const { status, body } = await create({ name: 'more', scopes: ['events:read', 'events:write', 'admin'] }, key);
    expect([status, body.code, body.scopes]).toEqual([403, 'not-permitted', ['events:write', 'admin']]);
  });

  it('binds a key to another member only for those who manage members', async () => {
    const { key } = await test.newKey({ scopes: ['keys:manage', 'events:read'] });
    expect((await create({ name: 'n', scopes: ['events:read'], memberId: 'mem_admin' }, key)).body.code).toBe('not-permitted');
    expect((await create({ name: 'n', scopes: ['events:read'], memberId: 'mem_admin' })).status).toBe(201);
  });

  it("lets a member's key make keys for that member, and none that would outlive the tie", async () => {
    const { key } = await test.newKey({ memberId: 'mem_admin', scopes: ['keys:manage', 'events:read'] });
    expect((await create({ name: 'n', scopes: ['events:read'], memberId: 'mem_admin' }, key)).status).toBe(201);
    expect((await create({ name: 'n', scopes: ['events:read'] }, key)).body.code).toBe('not-permitted');
  });

  it.each([
    ['/expiresAt', { name: 'n', scopes: ['events:read'], expiresAt: '2001-01-01T00:00:00Z' }],
    ['/expiresAt', { name: 'n', scopes: ['events:read'], expiresAt: 'tomorrow' }],
    ['/memberId', { name: 'n', scopes: ['events:read'], memberId: 'mem_nobody' }],
    ['/scopes', { name: 'n', scopes: [] }],
    ['/scopes/0', { name: 'n', scopes: ['everything'] }],
    ['/name', { name: 'a\u0000b', scopes: ['events:read'] }],
    ['/admin', { name: 'n', scopes: ['events:read'], admin: true }],
  ])('refuses a fault at %s', async (pointer, body) => {
    const answer = await create(body);
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, 'validation-failed', pointer]);
  });
});

describe('DELETE /keys/{id}', () => {
  it('ends a key at once, in a process that has it cached too', async () => {
    const { id, key } = await test.newKey();
    expect((await whoAmI(key)).status).toBe(200);
    // As another process would: past this one's cache.
    await test.database
      .appSql`select revoke_api_key(${test.orgId}, ${id}, ${JSON.stringify({ id: crypto.randomUUID(), body: '{}', fields: { type: 'key.revoked', actor: 'system', target: id } })}::text::jsonb)`;
    await until(async () => (await whoAmI(key)).status === 401);
  });

  it('may be done twice, but not to a key of another organisation', async () => {
    const { id } = await test.newKey();
    const foreign = await test.newKey({ orgId: await test.newOrganization() });
    expect((await test.call('DELETE', `${KEYS}/${id}`, { key: test.ownerKey })).status).toBe(204);
    expect((await test.call('DELETE', `${KEYS}/${id}`, { key: test.ownerKey })).status).toBe(204);
    expect((await test.call('DELETE', `${KEYS}/${foreign.id}`, { key: test.ownerKey })).status).toBe(404);
    expect((await whoAmI(foreign.key)).status).toBe(200);
  });
});
