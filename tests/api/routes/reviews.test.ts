import { encodeCursor } from '../../../api/cursor.ts';
import { startApi } from '../../support/api.ts';
import type { NewTestKey, TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const EVENTS = '/api/v1/governance/events';
const REVIEWS = '/api/v1/hitl/reviews';
let test: TestApi;
let reviewerKey: string;

beforeAll(async () => {
  test = await startApi();
  await test.newMember({ id: 'reviewer', role: 'Reviewer', groups: ['finance'] });
  await test.newMember({ id: 'admin', role: 'Admin' });
  await test.newMember({ id: 'viewer', role: 'Viewer' });
  reviewerKey = await keyOf({ memberId: 'reviewer' });
});
afterAll(() => test.stop());

const keyOf = async (options: NewTestKey): Promise<string> => (await test.newKey(options)).key;
async function open(key = test.ownerKey): Promise<string> {
  const { body } = await test.call('POST', EVENTS, { key, body: { agentId: 'a', action: 'ask' } });
  return body.review.id;
}
const decide = (id: string, verb: string, key = reviewerKey, headers: Record<string, string> = {}) =>
  test.call('POST', `${REVIEWS}/${id}/decision`, { key, body: { verb }, headers });
const get = (id: string, query = '') => test.call('GET', `${REVIEWS}/${id}${query}`, { key: test.ownerKey });

describe('deciding a review', () => {
  it('answers the review as it stands afterwards', async () => {
    const { status, body } = await decide(await open(), 'approve');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'approved', outcome: 'allow', steps: [{ step: 'approve', actor: 'reviewer', level: 0 }] });
    expect(body.decidedAt).not.toBeNull();
  });

  it('that is decided answers 409 with who decided what and when', async () => {
    const id = await open();
    const first = await decide(id, 'reject');
    const { status, body } = await decide(id, 'approve', await keyOf({ memberId: 'admin' }));
    expect([status, body.code]).toEqual([409, 'review-decided']);
    expect(body).toMatchObject({ reviewStatus: 'rejected', decidedBy: 'reviewer', decidedAt: first.body.steps[0].at });
  });

  it('needs a person: a key bound to nobody gets 403', async () => {
    const { status, body } = await decide(await open(), 'approve', test.ownerKey);
    expect([status, body.code]).toEqual([403, 'not-permitted']);
  });

  it('needs the scope', async () => {
    const { status, body } = await decide(await open(), 'approve', await keyOf({ memberId: 'reviewer', scopes: ['hitl:read'] }));
    expect([status, body.code, body.scope]).toEqual([403, 'missing-scope', 'hitl:decide']);
  });

  it('is for the members of its level only', async () => {
    test.runtime.plan = { levels: [{ reviewers: { groups: ['finance'] }, withinMs: 60_000 }], outcome: 'block' };
    const id = await open();
    const refused = await decide(id, 'approve', await keyOf({ memberId: 'admin' }));
    expect([refused.status, refused.body.code]).toEqual([403, 'not-permitted']);
    expect((await decide(id, 'approve')).status).toBe(200);
  });

  it('cannot be handed up from the last level', async () => {
    const { status, body } = await decide(await open(), 'escalate');
    expect([status, body.code]).toEqual([409, 'conflict']);
  });

  it('goes by role and groups as they are now, not as a cached key remembers them', async () => {
    await test.newMember({ id: 'demoted', role: 'Reviewer', groups: ['finance'] });
    const key = await keyOf({ memberId: 'demoted' });
    const id = await open();
    expect((await test.call('GET', `${REVIEWS}/${id}`, { key })).status).toBe(200);
    const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
    await admin`update member set role = 'Viewer' where org_id = ${test.orgId} and id = 'demoted'`;
    const { status, body } = await decide(id, 'approve', key);
    await admin`update member set role = 'Reviewer', groups = '{}' where org_id = ${test.orgId} and id = 'demoted'`;
    const without = await decide(id, 'approve', key);
    await admin.end();
    expect([status, body.code]).toEqual([403, 'not-permitted']);
    expect([without.status, without.body.code]).toEqual([403, 'not-permitted']);
  });

  it.each(['the same key', 'another key of the same member'])('is refused to the requester: %s', async (which) => {
    const first = await keyOf({ memberId: 'reviewer', scopes: ['hitl:decide', 'hitl:read'] });
    await test.newMember({ id: `asker-${which.length}`, role: 'Admin', groups: ['finance'] });
    const memberId = `asker-${which.length}`;
    const asking = await keyOf({ memberId });
    const id = await open(asking);
    const { status, body } = await decide(id, 'approve', which === 'the same key' ? asking : await keyOf({ memberId }));
    expect([status, body.code, body.detail]).toEqual([403, 'not-permitted', 'nobody decides on their own request']);
    expect((await decide(id, 'approve', first)).status).toBe(200);
  });

  it.each([
    ['/verb', { verb: 'maybe' }],
    ['/reason', { verb: 'reject', reason: '' }],
    ['/as', { verb: 'reject', as: 'owner' }],
  ])('refuses a fault at %s', async (pointer, body) => {
    const answer = await test.call('POST', `${REVIEWS}/${await open()}/decision`, { key: reviewerKey, body });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it("answers 404 for another organisation's review", async () => {
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId });
    const key = await keyOf({ orgId, memberId: 'reviewer' });
    const id = await open();
    expect((await decide(id, 'approve', key)).status).toBe(404);
    expect((await test.call('GET', `${REVIEWS}/${id}?wait=1`, { key })).status).toBe(404);
  });
});

describe('waiting for a review', () => {
  it('answers as soon as it is decided', async () => {
    const id = await open();
    const startedAt = performance.now();
    const waiting = get(id, '?wait=55');
    while (test.runtime.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await decide(id, 'approve');
    expect((await waiting).body.status).toBe('approved');
    expect(performance.now() - startedAt).toBeLessThan(50_000);
  });

  it('answers the pending review when the time is over', async () => {
    const startedAt = performance.now();
    const { body } = await get(await open(), '?wait=1');
    expect(body.status).toBe('pending');
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });

  it('answers a decided review at once', async () => {
    const id = await open();
    await decide(id, 'reject');
    const startedAt = performance.now();
    expect((await get(id, '?wait=55')).body).toMatchObject({ status: 'rejected', outcome: 'block' });
    expect(performance.now() - startedAt).toBeLessThan(50_000);
    expect(test.runtime.waiting).toBe(0);
  });

  it('stops when the client goes away', async () => {
    const id = await open();
    const leaving = new AbortController();
    const waiting = test.call('GET', `${REVIEWS}/${id}?wait=50`, { key: test.ownerKey, signal: leaving.signal });
    await until(() => test.runtime.waiting > 0);
    leaving.abort();
    await expect(waiting).rejects.toThrow();
    await until(() => test.runtime.waiting === 0);
  });

  it.each(['56', '-1', 'long', ''])('refuses ?wait=%s', async (wait) => {
    const { status, body } = await get(await open(), `?wait=${wait}`);
    expect([status, body.errors[0]]).toEqual([422, expect.objectContaining({ pointer: '/wait', in: 'query' })]);
  });
});

const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

describe('using an approval', () => {
  it('at the moment it is given is on record as approved, and can be tried again', async () => {
    test.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: 60_000 }], outcome: 'block' };
    const id = await open();
    const digest = (await get(id)).body.actionDigest;
    const consume = () => test.call('POST', `${REVIEWS}/${id}/consume`, { key: test.ownerKey, body: { digest }, headers: { 'Idempotency-Key': 'one-try' } });
    const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 2 });
    const waiting = async (): Promise<number> =>
      (await admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length;
    const both = await admin.begin(async (tx) => {
      await tx`select 1 from ledger_head where org_id = ${test.orgId} for update`;
      // Whoever waits first goes first.
      const vote = decide(id, 'approve');
      await until(async () => (await waiting()) === 1);
      let answered = false;
      const used = consume().finally(() => (answered = true));
      await until(async () => answered || (await waiting()) === 2);
      return [vote, used] as const;
    });
    await Promise.all(both);
    expect((await consume()).status).toBe(200);
    const [row] = await admin<{ body: string }[]>`select body from hitl_decisions where org_id = ${test.orgId} and review_id = ${id} and step = 'consume'`;
    await admin.end();
    expect(JSON.parse(row?.body ?? '{}')).toMatchObject({ step: 'consume', status: 'approved' });
  });
});

describe('listing reviews', () => {
  it.each(['nowhere', '{"riskScore":1}', '{"riskScore":1,"createdAt":"soon","id":"rev_1"}'])('refuses the queue from the place %s', async (place) => {
    const cursor = encodeCursor(place, { list: 'review-queue' });
    const { status, body } = await test.call('GET', `/api/v1/hitl/queue?cursor=${cursor}`, { key: test.ownerKey });
    expect([status, body.errors?.[0].pointer]).toEqual([422, '/cursor']);
  });

  it('pages newest first and filters by status', async () => {
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId, groups: ['finance'] });
    const owner = await keyOf({ orgId });
    const ids = [await open(owner), await open(owner), await open(owner)].toReversed();
    await decide(ids[1] ?? '', 'approve', await keyOf({ orgId, memberId: 'reviewer' }));
    const list = async (query: string) => (await test.call('GET', `${REVIEWS}?${query}`, { key: owner })).body;
    const first = await list('limit=2');
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    expect(idsOf(await list(`limit=2&cursor=${first.nextCursor}`))).toEqual(ids.slice(2));
    expect(idsOf(await list('status=pending'))).toEqual([ids[0], ids[2]]);
    expect(idsOf(await list('status=approved'))).toEqual([ids[1]]);
    expect((await test.call('GET', `${REVIEWS}?status=pending&cursor=${first.nextCursor}`, { key: owner })).status).toBe(422);
  });
});
