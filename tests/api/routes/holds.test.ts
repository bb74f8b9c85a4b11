import { changePlanOf } from '../../../workers/change-plan.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';

const HOLDS = '/api/v1/audit/holds';
let test: TestApi;
let orgId: string;
let key: string;

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  orgId = await test.newOrganization();
  ({ key } = await test.newKey({ orgId }));
});
afterAll(() => test.stop());

const post = (path: string, body?: unknown) => test.call('POST', path, { key, ...(body === undefined ? {} : { body }) });
const get = (path: string) => test.call('GET', path, { key });
/** Audit records of the organisation: type and details. */
const records = async (type: string) => {
  const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
  const rows = await admin<{ body: string }[]>`select body from audit_records where org_id = ${orgId} and type like ${type} order by seq`;
  await admin.end({ timeout: 1 });
  return rows.map(({ body }) => JSON.parse(body) as { type: string; actor: string; target: string; details: object });
};

describe('holds', () => {
  it('are placed on a range of time, on record, and found again', async () => {
    const { status, body, headers } = await post(HOLDS, { reason: 'case 12', from: '2026-01-01T00:00:00+01:00', until: '2026-02-01T00:00:00.1239Z' });
    expect([status, headers['location']]).toEqual([201, `${HOLDS}/${body.id}`]);
    expect(body).toMatchObject({ reason: 'case 12', from: '2025-12-31T23:00:00.000Z', until: '2026-02-01T00:00:00.123Z', releasedAt: null, releasedBy: null });
    expect((await get(`${HOLDS}/${body.id}`)).body).toEqual(body);
    expect(await records('hold.%')).toMatchObject([
      { type: 'hold.placed', actor: body.placedBy, target: body.id, details: { reason: 'case 12', from: body.from, until: body.until } },
    ]);
  });

  it('without a range hold everything', async () => {
    expect((await post(HOLDS, { reason: 'x' })).body).toMatchObject({ from: null, until: null });
    expect((await post(HOLDS, { reason: 'x', from: null, until: null })).body).toMatchObject({ from: null, until: null });
  });

  it('are released, once or twice, on record once', async () => {
    const { body } = await post(HOLDS, { reason: 'x' });
    const released = await post(`${HOLDS}/${body.id}/release`);
    expect([released.status, typeof released.body.releasedAt, released.body.releasedBy]).toEqual([200, 'string', body.placedBy]);
    expect((await post(`${HOLDS}/${body.id}/release`)).body).toEqual(released.body);
    expect(await records('hold.released')).toHaveLength(1);
  });

  it('are listed newest first, page by page, by whether they are in force', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await post(HOLDS, { reason: `case ${count}` })).body.id);
    await post(`${HOLDS}/${ids[1]}/release`);
    const first = await get(`${HOLDS}?limit=3`);
    const second = await get(`${HOLDS}?limit=3&cursor=${first.body.nextCursor}`);
    expect([...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id)).toEqual(ids);
    const idsOf = async (status: string) => (await get(`${HOLDS}?status=${status}`)).body.data.map(({ id }: { id: string }) => id);
    expect([await idsOf('in-force'), await idsOf('released')]).toEqual([ids.filter((id) => id !== ids[1]), [ids[1]]]);
    expect((await get(`${HOLDS}?status=released&cursor=${first.body.nextCursor}`)).status).toBe(422);
  });

  it.each([
    ['/reason', {}],
    ['/reason', { reason: '' }],
    ['/reason', { reason: 'a\u0000b' }],
    ['/from', { reason: 'x', from: 'yesterday' }],
    ['/from', { reason: 'x', from: '0000-01-01T00:00:00Z' }],
    ['/until', { reason: 'x', from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }],
    ['/days', { reason: 'x', days: 3 }],
  ])('are refused for a fault at %s', async (pointer, body) => {
    const answer = await post(HOLDS, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('of another organisation are not there', async () => {
    const { body } = await post(HOLDS, { reason: 'x' });
    key = test.ownerKey;
    expect([(await get(`${HOLDS}/${body.id}`)).status, (await post(`${HOLDS}/${body.id}/release`)).status]).toEqual([404, 404]);
    expect((await get(HOLDS)).body.data).toEqual([]);
  });

  it('are placed and released by who administers, and read by who audits', async () => {
    const { body } = await post(HOLDS, { reason: 'x' });
    const { key: auditor } = await test.newKey({ orgId, scopes: ['audit:read'] });
    const { key: other } = await test.newKey({ orgId, scopes: ['members:manage'] });
    const as = async (who: string) => [
      (await test.call('POST', HOLDS, { key: who, body: { reason: 'x' } })).status,
      (await test.call('POST', `${HOLDS}/${body.id}/release`, { key: who })).status,
      (await test.call('GET', HOLDS, { key: who })).status,
    ];
    expect([await as(auditor), await as(other)]).toEqual([
      [403, 403, 200],
      [403, 403, 403],
    ]);
  });
});

describe('retention', () => {
  const RETENTION = '/api/v1/audit/retention';

  it('of a new organisation is that of its plan, and nothing has been purged', async () => {
    expect((await get(RETENTION)).body).toEqual({ retentionDays: 90, extensions: [], reduction: null, lastPurge: null });
  });

  it('tells of a coming reduction when it takes what, and where to take it away before', async () => {
    await post('/api/v1/governance/events', { agentId: 'a', action: 'look_up' });
    await changePlanOf(test.database.appSql, { org: orgId, plan: 'free' });
    const { body } = await get(RETENTION);
    expect(body).toMatchObject({ retentionDays: 7, reduction: { days: 7, export: `${test.baseUrl}/api/v1/audit/export` } });
    expect(body.reduction.goes.agentEvents).toBe(1);
    expect(Date.parse(body.reduction.effectiveAt) - Date.parse(body.reduction.noticeAt)).toBe(30 * 86_400_000);
    await post(HOLDS, { reason: 'x' });
    // What is held does not go.
    expect((await get(RETENTION)).body.reduction.goes).toEqual({ agentEvents: 0, hitlDecisions: 0, auditRecords: 0, policyViolations: 0 });
    await changePlanOf(test.database.appSql, { org: orgId, plan: 'enterprise' });
    expect((await get(RETENTION)).body).toMatchObject({ retentionDays: 2555, reduction: null, extensions: [{ days: 2555 }] });
  });

  it('is read by who audits', async () => {
    const { key: other } = await test.newKey({ orgId, scopes: ['events:read'] });
    expect((await test.call('GET', RETENTION, { key: other })).status).toBe(403);
  });
});
