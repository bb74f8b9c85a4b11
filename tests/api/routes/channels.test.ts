import { randomUUID } from 'node:crypto';
import { closeNotification, openNotifications } from '../../../db/queries/notifications.ts';
import { asTenant } from '../../../db/tenant.ts';
import { startApi, type TestApi } from '../../support/api.ts';

const CHANNELS = '/api/v1/hitl/channels';
const HOOK = 'https://hooks.example.com:8443/services/T0/B0/very-secret';
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
let test: TestApi;
beforeAll(async () => {
  test = await startApi();
  await test.newMember({ id: 'ann', role: 'Reviewer' });
  await test.newMember({ id: 'ada', role: 'Admin' });
});
afterAll(() => test.stop());

const create = (body: object, key = test.ownerKey) => test.call('POST', CHANNELS, { key, body });

describe('a channel', () => {
  it.each([
    [{ kind: 'email' }, null, false],
    [{ kind: 'email', config: {} }, null, false],
    [{ kind: 'slack', config: { url: HOOK } }, 'hooks.example.com:8443', false],
    [{ kind: 'teams', config: { url: HOOK } }, 'hooks.example.com:8443', false],
    [{ kind: 'webhook', config: { url: HOOK } }, 'hooks.example.com:8443', false],
    [{ kind: 'webhook', config: { url: HOOK, secret: SECRET } }, 'hooks.example.com:8443', true],
  ])('%j is shown by its host alone', async (channel, host, signed) => {
    const { status, body, text } = await create({ name: 'team', ...channel });
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: channel.kind, name: 'team', occasions: ['asked', 'reminded'], host, signed });
    const listed = await test.call('GET', `${CHANNELS}?limit=200`, { key: test.ownerKey });
    expect(listed.body.data).toContainEqual(body);
    expect(text + listed.text).not.toMatch(/very-secret|whsec_/);
  });

  it.each([
    ['an unknown kind', { kind: 'pager', config: {} }, '/kind'],
    ['a chat without a URL', { kind: 'slack', config: {} }, '/config/url'],
    ['a URL that is none', { kind: 'slack', config: { url: 'hooks' } }, '/config/url'],
    ['another scheme', { kind: 'webhook', config: { url: 'file:///etc/passwd' } }, '/config/url'],
    ['a password in the URL', { kind: 'webhook', config: { url: 'https://a:b@hooks.example.com' } }, '/config/url'],
    ['a weak secret', { kind: 'webhook', config: { url: HOOK, secret: 'whsec_c2hvcnQ=' } }, '/config/secret'],
    ['a secret of no standard', { kind: 'webhook', config: { url: HOOK, secret: 'correct horse battery staple' } }, '/config/secret'],
    ['a secret for a chat', { kind: 'slack', config: { url: HOOK, secret: SECRET } }, '/config/secret'],
    ['an address for e-mail', { kind: 'email', config: { to: 'ann@example.com' } }, '/config/to'],
    ['no occasion', { kind: 'email', occasions: [] }, '/occasions'],
    ['an unknown occasion', { kind: 'email', occasions: ['always'] }, '/occasions/0'],
  ])('with %s is refused with a pointer, and the answer does not repeat it', async (_what, channel, pointer) => {
    const { status, body, text } = await create({ name: 'x', ...channel });
    expect(status).toBe(422);
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(text).not.toMatch(/very-secret|horse/);
  });

  it('is sealed in its row and kept out of the ledger', async () => {
    const { body } = await create({ name: 'sealed', kind: 'webhook', config: { url: HOOK, secret: SECRET } });
    const rows = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ config: Buffer; audit: string }[]>`
      select c.config, a.body as audit from notification_channel c join audit_records a on a.org_id = c.org_id and a.target = c.id
      where c.org_id = ${test.orgId} and c.id = ${body.id}`,
    );
    expect(rows).toHaveLength(1);
    expect(`${rows[0]?.config.toString('latin1')}${rows[0]?.audit}`).not.toMatch(/hooks|very-secret|whsec/);
    expect(rows[0]?.audit).toContain('channel.created');
  });

  it('is for those who manage members, of its own organisation', async () => {
    const reviewer = (await test.newKey({ memberId: 'ann' })).key;
    expect((await create({ name: 'x', kind: 'email' }, reviewer)).body).toMatchObject({ code: 'missing-scope', scope: 'members:manage' });
    const { body } = await create({ name: 'mine', kind: 'email' });
    const theirs = (await test.newKey({ orgId: await test.newOrganization() })).key;
    expect((await test.call('GET', CHANNELS, { key: theirs })).body.data).toEqual([]);
    for (const [method, path] of [
      ['DELETE', `${CHANNELS}/${body.id}`],
      ['POST', `${CHANNELS}/${body.id}/test`],
    ] as const) {
      expect((await test.call(method, path, { key: theirs })).status).toBe(404);
    }
  });

  it('is disabled once', async () => {
    const { body } = await create({ name: 'short', kind: 'email' });
    expect((await test.call('DELETE', `${CHANNELS}/${body.id}`, { key: test.ownerKey })).status).toBe(204);
    expect((await test.call('DELETE', `${CHANNELS}/${body.id}`, { key: test.ownerKey })).status).toBe(404);
    expect((await test.call('GET', `${CHANNELS}?limit=200`, { key: test.ownerKey })).text).not.toContain(body.id);
  });

  it('of the kind e-mail is tested by a person, since somebody must get the mail', async () => {
    const { body } = await create({ name: 'mail', kind: 'email' });
    expect((await test.call('POST', `${CHANNELS}/${body.id}/test`, { key: test.ownerKey })).body.code).toBe('not-permitted');
    const admin = (await test.newKey({ memberId: 'ada' })).key;
    expect((await test.call('POST', `${CHANNELS}/${body.id}/test`, { key: admin })).body).toEqual({ delivered: true, error: null });
  });
});

describe('what was sent about a review', () => {
  it('is listed newest first, page by page, with tries and the last error', async () => {
    const { body } = await test.call('POST', '/api/v1/governance/events', { key: test.ownerKey, body: { agentId: 'a', action: 'ask' } });
    const reviewId = body.review.id as string;
    const { orgId } = test;
    const items = ['ann', 'bob', null].map((member_id) => ({
      id: `ntf_${randomUUID()}`,
      channel_id: 'chn_1',
      review_id: reviewId,
      occasion: 'asked' as const,
      level: 0,
      member_id,
    }));
    for (const item of items) await openNotifications(test.database.appSql, { orgId, items: [item] });
    await closeNotification(test.database.appSql, { orgId, notificationId: items[2]?.id ?? '', status: 'failed', attempts: 6, error: 'answered 503' });
    const path = `/api/v1/hitl/reviews/${reviewId}/notifications`;
    const first = await test.call('GET', `${path}?limit=2`, { key: test.ownerKey });
    expect(first.body.data).toMatchObject([
      { id: items[2]?.id, memberId: null, status: 'failed', attempts: 6, lastError: 'answered 503' },
      { id: items[1]?.id, memberId: 'bob', status: 'pending', attempts: 0, lastError: null, finishedAt: null },
    ]);
    const second = await test.call('GET', `${path}?limit=2&cursor=${first.body.nextCursor}`, { key: test.ownerKey });
    expect(second.body).toMatchObject({ data: [{ id: items[0]?.id }], nextCursor: null });
    expect((await test.call('GET', '/api/v1/hitl/reviews/rev_none/notifications', { key: test.ownerKey })).status).toBe(404);
  });
});
