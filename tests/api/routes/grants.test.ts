import type { Sql } from '../../../db/client.ts';
import { eraseSubject } from '../../../db/queries/erasures.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { asTenant } from '../../../db/tenant.ts';
import { startApi } from '../../support/api.ts';
import type { Answer, TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { auditOf, settleItem } from '../../support/ledger-records.ts';
import { until } from '../../support/until.ts';

const GRANTS = '/api/v1/hitl/grants';
const HOUR_MS = 3_600_000;
let test: TestApi;
let reviewer: string;

beforeAll(async () => {
  test = await startApi();
  await test.newMember({ id: 'reviewer', role: 'Reviewer' });
  reviewer = (await test.newKey({ memberId: 'reviewer' })).key;
});
afterAll(() => test.stop());

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const asked = (changes: object = {}) => ({
  agentId: 'treasury',
  tool: 'transfer',
  bounds: { amount: { type: 'number', max: 100, required: true } },
  expiresAt: inMs(HOUR_MS),
  maxUses: 3,
  reason: 'month-end run',
  ...changes,
});
const create = (changes: object = {}, key = reviewer) => test.call('POST', GRANTS, { key, body: asked(changes) });
const revoke = (id: string, key = reviewer) => test.call('DELETE', `${GRANTS}/${id}`, { key });

describe('giving a grant', () => {
  it('answers it as it stands, with who gave it', async () => {
    const body = asked({ sessionId: 's1' });
    const answer = await test.call('POST', GRANTS, { key: reviewer, body });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...body, uses: 0, reviewId: null, grantedBy: 'reviewer', revokedAt: null });
    expect(answer.headers['location']).toBe(`${GRANTS}/${answer.body.id}`);
  });

  it('leaves an audit record of what was granted, without the values that are bounds', async () => {
    const { body } = await create({ bounds: { to: { enum: ['someone@example.com'] } } });
    const [record] = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ body: string }[]>`select body from audit_records where org_id = ${test.orgId} and type = 'grant.created' and target = ${body.id}`,
    );
    expect(JSON.parse(record?.body ?? '')).toMatchObject({
      actor: 'member:reviewer',
      details: { agentId: 'treasury', tool: 'transfer', maxUses: 3, reason: 'month-end run' },
    });
    expect(record?.body).not.toContain('someone@example.com');
  });

  it('is for a person who may decide', async () => {
    expect((await create({}, test.ownerKey)).body.code).toBe('not-permitted');
    expect((await create({}, (await test.newKey({ memberId: 'reviewer', scopes: ['hitl:read'] })).key)).body.code).toBe('missing-scope');
  });

  it('goes on from no review whose data are erased, nor while they are', async () => {
    const { body: decision } = await test.call('POST', '/api/v1/governance/events', { key: test.ownerKey, body: { agentId: 'treasury', action: 'ask' } });
    const reviewId = decision.review.id as string;
    const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 2 });
    const [held] = await admin<{ ref: string }[]>`select encode(subject_ref, 'hex') as ref from review where org_id = ${test.orgId} and id = ${reviewId}`;
    const giving: Promise<Answer>[] = [];
    await admin.begin(async (tx) => {
      const erasure = { kind: 'event', ground: 'consent-withdrawn', groundText: null, reference: null, by: 'key:owner', backupDays: 30 } as const;
      const erased = { orgId: test.orgId, id: 'era_1', ref: held?.ref ?? '', ...erasure, audit: auditOf('erasure.recorded') };
      expect(await eraseSubject(tx as unknown as Sql, erased)).toMatchObject({ status: 'destroyed' });
      giving.push(create({ reviewId, bounds: { to: { enum: ['someone@example.com'] } } }));
      await until(async () => (await admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length > 0);
    });
    giving.push(create({ reviewId }));
    for (const { status, body } of await Promise.all(giving)) expect([status, body.errors[0].pointer]).toEqual([422, '/reviewId']);
    expect(await admin`select bounds from approval_grant where org_id = ${test.orgId} and review_id = ${reviewId}`).toHaveLength(0);
    await admin.end();
  });

  it('goes on from a review only for its agent, and never by its requester', async () => {
    const ask = async (key: string) =>
      (await test.call('POST', '/api/v1/governance/events', { key, body: { agentId: 'treasury', action: 'ask' } })).body.review.id;
    await test.newMember({ id: 'admin', role: 'Admin' });
    const { key: admin } = await test.newKey({ memberId: 'admin' });
    const own = await create({ reviewId: await ask(admin) }, admin);
    expect([own.status, own.body.code, own.body.detail]).toEqual([403, 'not-permitted', 'nobody decides on their own request']);
    const reviewId = await ask(test.ownerKey);
    expect((await create({ reviewId, agentId: 'another' })).body.errors[0].pointer).toBe('/agentId');
    expect((await create({ reviewId: 'rev_none' })).body.errors[0].pointer).toBe('/reviewId');
    expect((await create({ reviewId })).body).toMatchObject({ reviewId });
  });

  it.each([
    ['/expiresAt', { expiresAt: inMs(-1) }],
    ['/expiresAt', { expiresAt: inMs(9 * HOUR_MS) }],
    ['/maxUses', { maxUses: 0 }],
    ['/maxUses', { maxUses: 1_001 }],
    ['/bounds/to/pattern', { bounds: { to: { pattern: '(a+)+' } } }],
    ['/bounds/amount/most', { bounds: { amount: { most: 5 } } }],
    ['/bounds', { bounds: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`a${at}`, {}])) }],
    ['/reason', { reason: undefined }],
    ['/uses', { uses: 5 }],
  ])('refuses a fault at %s', async (pointer, changes) => {
    const { status, body } = await create(changes);
    expect([status, body.errors?.[0].pointer]).toEqual([422, pointer]);
  });

  it('lasts eight hours at the most', async () => {
    expect((await create({ expiresAt: inMs(8 * HOUR_MS - 1_000) })).status).toBe(201);
  });
});

describe('revoking a grant', () => {
  it('may be done twice, but not to what is not there or belongs to others', async () => {
    const { body } = await create();
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId });
    expect((await revoke(body.id, (await test.newKey({ orgId, memberId: 'reviewer' })).key)).status).toBe(404);
    expect([(await revoke(body.id)).status, (await revoke(body.id)).status, (await revoke('gra_none')).status]).toEqual([204, 204, 404]);
  });
});

describe('listing', () => {
  it('shows grants newest first, and those of one agent', async () => {
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId });
    const { key } = await test.newKey({ orgId, memberId: 'reviewer' });
    const ids: string[] = [];
    for (const agentId of ['a', 'b', 'a']) ids.push((await create({ agentId }, key)).body.id);
    await revoke(ids[2] ?? '', key);
    const list = async (query: string) => (await test.call('GET', `${GRANTS}?${query}`, { key })).body;
    const first = await list('limit=2');
    expect(first.data.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.data[0].revokedAt).not.toBeNull();
    expect((await list(`limit=2&cursor=${first.nextCursor}`)).data.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
    expect((await list('agentId=a')).data).toHaveLength(2);
  });

  it('shows the uses of a grant in order', async () => {
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId });
    const { key } = await test.newKey({ orgId, memberId: 'reviewer' });
    const { body } = await create({}, key);
    for (const eventId of ['e1', 'e2', 'e3']) await settleDecisions(test.database.appSql, [settleItem(orgId, eventId, { grant: body.id, configVersion: 2 })]);
    const uses = async (query: string) => (await test.call('GET', `${GRANTS}/${body.id}/uses?${query}`, { key })).body;
    const first = await uses('limit=2');
    expect(first.data.map(({ eventId }: { eventId: string }) => eventId)).toEqual(['e1', 'e2']);
    expect((await uses(`limit=2&cursor=${first.nextCursor}`)).data).toEqual([{ eventId: 'e3', at: expect.any(String) }]);
    expect((await test.call('GET', `${GRANTS}/gra_none/uses`, { key })).status).toBe(404);
    expect((await test.call('GET', GRANTS, { key })).body.data[0]).toMatchObject({ uses: 3 });
  });
});
