import { encodeCursor } from '../../../api/cursor.ts';
import { feedWebhook } from '../../../db/queries/webhook-feed.ts';
import { asTenant } from '../../../db/tenant.ts';
import { startApi, type TestApi } from '../../support/api.ts';

const ENDPOINTS = '/api/v1/webhooks/endpoints';
/** Nothing is sent there: this API has no workers. */
const PUBLIC_HOOK = 'https://93.184.215.14/hooks/very-secret';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  for (const [id, role] of [
    ['ada', 'Admin'],
    ['rev', 'Reviewer'],
    ['aud', 'Auditor'],
    ['vic', 'Viewer'],
  ] as const) {
    await api.newMember({ id, role });
  }
});
afterAll(() => api.stop());

const create = (body: object = {}, key = api.ownerKey) => api.call('POST', ENDPOINTS, { key, body: { name: 'siem', url: PUBLIC_HOOK, ...body } });
const call = (method: string, path: string, body?: object, key = api.ownerKey) => api.call(method, path, { key, ...(body && { body }) });

describe('an endpoint', () => {
  it('is shown by its host; its secret once and its URL never', async () => {
    const { status, body, text } = await create({ types: ['policy.violated', 'policy.violated'] });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'siem', host: '93.184.215.14', types: ['policy.violated'], status: 'enabled', hasMissed: false, failingSince: null });
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(body.publicKeys).toEqual([expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/)]);
    const { secret, ...shown } = body;
    const [listed, one] = [await call('GET', `${ENDPOINTS}?limit=200`), await call('GET', `${ENDPOINTS}/${body.id}`)];
    expect(listed.body.data).toContainEqual(shown);
    expect(one.body).toEqual(shown);
    expect(listed.text + one.text).not.toContain(secret);
    expect(text + listed.text).not.toMatch(/very-secret|whsk_/);
  });

  it('is sealed in its row and kept out of the ledger', async () => {
    const { body } = await create();
    const rows = await asTenant(
      api.database.appSql,
      api.orgId,
      (tx) => tx<{ config: Buffer; audit: string }[]>`
      select e.config, a.body as audit from webhook_endpoint e join audit_records a on a.org_id = e.org_id and a.target = e.id
      where e.org_id = ${api.orgId} and e.id = ${body.id}`,
    );
    expect(rows).toHaveLength(1);
    expect(`${rows[0]?.config.toString('latin1')}${rows[0]?.audit}`).not.toMatch(/very-secret|whsec_|whsk_|93\.184/);
    expect(rows[0]?.audit).toContain('webhook.endpoint-created');
  });

  it.each([
    '127.0.0.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    'localhost',
    '169.254.169.254',
    '10.0.0.1',
  ])('on %s is refused when it is saved and when it is changed', async (host) => {
    const refused = await create({ url: `https://${host}/hooks/very-secret` });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toEqual([{ pointer: '/url', detail: expect.stringContaining('not on the public internet') }]);
    expect(refused.text).not.toContain('very-secret');
    const { body } = await create();
    expect((await call('PUT', `${ENDPOINTS}/${body.id}`, { url: `https://${host}/` })).status).toBe(422);
    expect((await call('DELETE', `${ENDPOINTS}/${body.id}`)).status).toBe(204);
  });

  it.each([
    ['plain http', { url: 'http://93.184.215.14/hook' }, '/url'],
    ['an unusual port', { url: 'https://93.184.215.14:22/hook' }, '/url'],
    ['a password in the URL', { url: 'https://a:b@93.184.215.14/hook' }, '/url'],
    ['another scheme', { url: 'ftp://93.184.215.14/hook' }, '/url'],
    ['a type that is none', { types: ['policy.broken'] }, '/types/0'],
    ['the type of tests', { types: ['webhook.test'] }, '/types/0'],
    ['a secret of its own', { secret: 'whsec_x' }, '/secret'],
  ])('with %s is refused with a pointer', async (_what, changes, pointer) => {
    const { status, body } = await create(changes);
    expect(status).toBe(422);
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('changes by parts; what is left out stays', async () => {
    const { body } = await create({ types: ['policy.violated'] });
    const path = `${ENDPOINTS}/${body.id}`;
    expect((await call('PUT', path, { name: 'other' })).body).toMatchObject({ name: 'other', types: ['policy.violated'], host: '93.184.215.14' });
    expect((await call('PUT', path, { types: [] })).body).toMatchObject({ name: 'other', types: [] });
    expect((await call('PUT', path, { url: 'https://93.184.215.15/' })).body).toMatchObject({ host: '93.184.215.15', publicKeys: body.publicKeys });
    expect((await call('PUT', path, {})).status).toBe(422);
  });

  it('rotates its secret: the old one goes on as long as it is told, and no longer', async () => {
    const { body } = await create();
    const path = `${ENDPOINTS}/${body.id}/rotate-secret`;
    const rotated = await call('POST', path, { keepOldForHours: 1 });
    expect(rotated.body.secret).toMatch(/^whsec_/);
    expect(rotated.body.secret).not.toBe(body.secret);
    expect(rotated.body.publicKeys).toHaveLength(2);
    expect(rotated.body.publicKeys[1]).toBe(body.publicKeys[0]);
    api.clock.offsetMs = 3_601_000;
    expect((await call('GET', `${ENDPOINTS}/${body.id}`)).body.publicKeys).toEqual([rotated.body.publicKeys[0]]);
    api.clock.offsetMs = 0;
    expect((await call('POST', path, { keepOldForHours: 0 })).body.publicKeys).toHaveLength(1);
  });

  it('is disabled, enabled and deleted; each twice is no error but the last', async () => {
    const { body } = await create();
    const path = `${ENDPOINTS}/${body.id}`;
    for (let times = 0; times < 2; times += 1)
      expect((await call('POST', `${path}/disable`)).body).toMatchObject({ status: 'disabled', disabledReason: 'by-request' });
    expect((await call('POST', `${path}/replay`, { missed: true })).body.code).toBe('conflict');
    for (let times = 0; times < 2; times += 1)
      expect((await call('POST', `${path}/enable`)).body).toMatchObject({ status: 'enabled', disabledReason: null, disabledAt: null });
    expect((await call('DELETE', path)).status).toBe(204);
    for (const [method, rest, given] of [
      ['DELETE', '', undefined],
      ['GET', '', undefined],
      ['PUT', '', { name: 'x' }],
      ['POST', '/test', undefined],
      ['POST', '/enable', undefined],
      ['POST', '/disable', undefined],
      ['POST', '/rotate-secret', {}],
      ['POST', '/replay', { missed: true }],
      ['GET', '/deliveries', undefined],
    ] as const) {
      expect((await call(method, `${path}${rest}`, given)).status).toBe(404);
    }
  });

  it('is tested at once', async () => {
    const { body } = await create();
    expect((await call('POST', `${ENDPOINTS}/${body.id}/test`)).body).toEqual({ delivered: true, httpStatus: 200, error: null });
  });

  it('is one of twenty at most', async () => {
    const orgId = await api.newOrganization();
    const { key } = await api.newKey({ orgId });
    for (let count = 0; count < 20; count += 1) expect((await create({}, key)).status).toBe(201);
    expect((await create({}, key)).body.code).toBe('conflict');
  });
});

describe('who may', () => {
  it.each([
    ['ada', 201, 200],
    ['aud', 403, 200],
    ['rev', 403, 403],
    ['vic', 403, 403],
  ])('%s: adding is answered %i, reading %i', async (memberId, adds, reads) => {
    const { key } = await api.newKey({ memberId });
    expect((await create({}, key)).status).toBe(adds);
    expect((await call('GET', ENDPOINTS, undefined, key)).status).toBe(reads);
    expect((await call('GET', '/api/v1/webhooks/inbound-secrets', undefined, key)).status).toBe(reads);
    expect((await call('POST', '/api/v1/webhooks/inbound-secrets', { name: 'chat' }, key)).status).toBe(adds);
  });

  it('nobody of another organisation, who finds nothing', async () => {
    const { body } = await create();
    const { key } = await api.newKey({ orgId: await api.newOrganization() });
    const path = `${ENDPOINTS}/${body.id}`;
    for (const [method, rest, given] of [
      ['GET', '', undefined],
      ['PUT', '', { name: 'x' }],
      ['DELETE', '', undefined],
      ['POST', '/test', undefined],
      ['POST', '/enable', undefined],
      ['POST', '/disable', undefined],
      ['POST', '/rotate-secret', {}],
      ['POST', '/replay', { missed: true }],
      ['GET', '/deliveries', undefined],
    ] as const) {
      expect((await call(method, `${path}${rest}`, given, key)).status).toBe(404);
    }
    expect((await call('GET', ENDPOINTS, undefined, key)).body.data).toEqual([]);
    expect((await call('GET', path)).body.status).toBe('enabled');
  });
});

describe('the log', () => {
  it('lists the latest event first, page by page and by status; a message is sent once more when it is asked for', async () => {
    const orgId = await api.newOrganization();
    const { key } = await api.newKey({ orgId });
    const { body } = await create({}, key);
    const [row] = await asTenant(api.database.appSql, orgId, (tx) => tx<{ at: number }[]>`select next_seq as at from webhook_endpoint where org_id = ${orgId}`);
    const fromSeq = row?.at ?? 0;
    const messages = ['a', 'b', 'c'].map((name, at) => ({
      message_id: `msg_${name}`,
      seq: fromSeq + at,
      type: 'policy.violated' as const,
      occurred_at: new Date().toISOString(),
    }));
    expect(await feedWebhook(api.database.appSql, { orgId, id: body.id, fromSeq, untilSeq: fromSeq + 3, messages })).toBe(true);
    const path = `${ENDPOINTS}/${body.id}/deliveries`;
    const first = await call('GET', `${path}?limit=2`, undefined, key);
    expect(first.body.data).toMatchObject([
      { messageId: 'msg_c', status: 'pending', round: 1, attempts: 0, httpStatus: null, nextAttemptAt: null },
      { messageId: 'msg_b' },
    ]);
    const second = await call('GET', `${path}?limit=2&cursor=${first.body.nextCursor}`, undefined, key);
    expect(second.body).toMatchObject({ data: [{ messageId: 'msg_a' }], nextCursor: null });
    expect((await call('GET', `${path}?status=failed`, undefined, key)).body.data).toEqual([]);
    expect((await call('GET', `${path}?status=failed&cursor=${first.body.nextCursor}`, undefined, key)).status).toBe(422);
    const nowhere = encodeCursor('nowhere', { endpointId: body.id, list: 'webhook-deliveries' });
    expect((await call('GET', `${path}?cursor=${nowhere}`, undefined, key)).status).toBe(422);

    const replay = await call('POST', `${ENDPOINTS}/${body.id}/replay`, { messageId: 'msg_b' }, key);
    expect(replay.status).toBe(202);
    expect(replay.body).toMatchObject({ endpointId: body.id, scope: 'message', status: 'finished', messages: 1 });
    expect((await call('GET', path, undefined, key)).body.data[1]).toMatchObject({ messageId: 'msg_b', round: 2 });
    expect((await call('POST', `${ENDPOINTS}/${body.id}/replay`, { messageId: 'msg_z' }, key)).body.errors[0].pointer).toBe('/messageId');
  });

  it.each([
    [{}],
    [{ missed: false }],
    [{ since: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z' }],
    [{ until: '2030-01-01T00:00:00Z' }],
    [{ messageId: 'msg_1', missed: true }],
    [{ since: 'yesterday' }],
  ])('a replay of %j is refused', async (order) => {
    const { body } = await create();
    expect((await call('POST', `${ENDPOINTS}/${body.id}/replay`, order)).status).toBe(422);
    await call('DELETE', `${ENDPOINTS}/${body.id}`);
  });

  it('a replay of a span that is empty is finished at once, on record', async () => {
    const { body } = await create();
    const replay = await call('POST', `${ENDPOINTS}/${body.id}/replay`, { since: '2001-01-01T00:00:00Z', until: '2001-01-02T00:00:00Z' });
    expect(replay.body).toMatchObject({ scope: 'all', status: 'finished', messages: 0 });
    const entries = await call('GET', `/api/v1/audit/entries?type=webhook.replayed&target=${body.id}`);
    expect(entries.body.data).toHaveLength(1);
    expect(entries.text).toContain(replay.body.id);
  });
});
