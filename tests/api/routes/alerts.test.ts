import { DecisionUnavailable } from '../../../api/governance-runtime.ts';
import { prepareSettlement } from '../../../activities/settlement.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { asTenant } from '../../../db/tenant.ts';
import type { GovernanceEvent } from '../../../schemas/event.ts';
import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { sha256Hex } from '../../support/ledger-records.ts';

const ALERTS = '/api/v1/alerts';
let test: TestApi;
let reviewer: string;
let count = 0;

beforeAll(async () => {
  test = await startApi();
  await test.newMember({ id: 'reviewer', role: 'Reviewer' });
  await test.newMember({ id: 'viewer', role: 'Viewer' });
  reviewer = (await test.newKey({ memberId: 'reviewer' })).key;
});
afterAll(() => test.stop());
afterEach(() => test.runtime.failWith(null));

/** Records an event that was flagged, and answers the alert's id. */
async function raise({
  orgId = test.orgId,
  riskScore = 30,
  requester = 'key:AAAAAAAA',
  user,
}: { orgId?: string; riskScore?: number; requester?: string; user?: string } = {}) {
  count += 1;
  const event: GovernanceEvent = { id: `e${count}`, agentId: 'a', action: 'read', sessionId: 's1', ...(user === undefined ? {} : { principal: { user } }) };
  const item = prepareSettlement(test.vault, {
    orgId,
    event,
    digest: sha256Hex(event.id),
    requester,
    requestId: 'req_1',
    receivedAtMs: Date.now(),
    mode: 'governed',
    evaluation: {
      value: 'ALERT',
      findings: [],
      riskScore,
      reasons: ['odd'],
      policy: null,
      policyError: null,
      review: null,
      attestWithinMs: null,
      session: null,
    },
    nowMs: Date.now(),
    publicUrl: 'http://example.com',
    configVersion: 1,
    agent: { id: 'a', register: true, touch: false },
    session: { version: 0, holder: orgId, reserve: false },
  });
  await settleDecisions(test.database.appSql, [item]);
  return item.alert?.id ?? '';
}
const handle = (id: string, how: string, body: object = {}, key = reviewer) => test.call('POST', `${ALERTS}/${id}/${how}`, { key, body });
const get = (path: string, key = test.ownerKey) => test.call('GET', path, { key });

describe('handling an alert', () => {
  it.each([
    ['acknowledge', 'acknowledged'],
    ['dismiss', 'dismissed'],
  ])('%s: is recorded with who, when and why, once', async (how, status) => {
    const id = await raise();
    const first = await handle(id, how, { note: 'seen' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id, status, handledBy: 'reviewer', note: 'seen', reasons: ['odd'], cause: 'decision', escalatedTo: null });
    const second = await handle(id, 'escalate');
    expect([second.status, second.body.code]).toEqual([409, 'alert-handled']);
    expect(second.body).toMatchObject({ alertStatus: status, handledBy: 'reviewer', handledAt: first.body.handledAt });
    const records = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ type: string; actor: string }[]>`select type, actor from audit_records where org_id = ${test.orgId} and target = ${id}`,
    );
    expect(records).toEqual([{ type: `alert.${status}`, actor: 'member:reviewer' }]);
  });

  it('escalate: opens a review of what has happened, which the requester and whom it was for may not decide, and starts its run', async () => {
    const id = await raise({ requester: 'member:admin', user: 'reviewer' });
    await test.newMember({ id: 'admin', role: 'Admin' });
    await test.newMember({ id: 'second', role: 'Reviewer' });
    const { status, body } = await handle(id, 'escalate', { note: 'not like it' });
    expect([status, body.status]).toEqual([200, 'escalated']);
    expect(test.runtime.conducted).toContain(body.escalatedTo);
    const review = await get(`/api/v1/hitl/reviews/${body.escalatedTo}`);
    expect(review.body).toMatchObject({
      kind: 'after',
      status: 'pending',
      sessionId: 's1',
      reasons: ['an alert was escalated: not like it', 'odd'],
      plan: { outcome: 'block' },
    });
    const decide = async (memberId: string) =>
      test.call('POST', `/api/v1/hitl/reviews/${body.escalatedTo}/decision`, { key: (await test.newKey({ memberId })).key, body: { verb: 'reject' } });
    expect((await decide('admin')).status).toBe(403);
    expect((await decide('reviewer')).status).toBe(403);
    expect((await decide('second')).body).toMatchObject({ status: 'rejected' });
    const raised = (await get(ALERTS)).body.data.find(({ reviewId }: { reviewId: string | null }) => reviewId === body.escalatedTo);
    expect(raised).toMatchObject({ cause: 'escalation', reasons: ['an escalated alert was judged afterwards and rejected'], status: 'open' });
  });

  it('escalate: stands although its run cannot be started', async () => {
    const id = await raise();
    test.runtime.failWith(new DecisionUnavailable('Temporal is away'));
    const { status, body } = await handle(id, 'escalate');
    test.runtime.failWith(null);
    expect([status, body.status]).toEqual([200, 'escalated']);
    expect((await get(`/api/v1/hitl/reviews/${body.escalatedTo}`)).body.status).toBe('pending');
  });

  it('is for a person who may decide', async () => {
    const id = await raise();
    expect((await handle(id, 'dismiss', {}, test.ownerKey)).body.code).toBe('not-permitted');
    expect((await handle(id, 'dismiss', {}, (await test.newKey({ memberId: 'viewer' })).key)).body.code).toBe('missing-scope');
  });

  it('is not for an alert of another organisation', async () => {
    const id = await raise({ orgId: await test.newOrganization() });
    expect((await handle(id, 'dismiss')).status).toBe(404);
    expect((await get(`${ALERTS}/${id}`)).status).toBe(404);
  });

  it.each([
    ['/note', { note: '' }],
    ['/reason', { reason: 'x' }],
  ])('refuses a fault at %s', async (pointer, body) => {
    const answer = await handle(await raise(), 'dismiss', body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });
});

describe('listing alerts', () => {
  it('pages through the open ones by risk, then age, and shows the handled ones on request', async () => {
    const orgId = await test.newOrganization();
    await test.newMember({ id: 'reviewer', role: 'Reviewer', orgId });
    const key = (await test.newKey({ orgId, memberId: 'reviewer' })).key;
    const ids: string[] = [];
    for (const riskScore of [10, 80, 10, 40]) ids.push(await raise({ orgId, riskScore }));
    const idsOf = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id);
    const first = await get(`${ALERTS}?limit=3`, key);
    expect(idsOf(first)).toEqual([ids[1], ids[3], ids[0]]);
    expect(idsOf(await get(`${ALERTS}?limit=3&status=open&cursor=${first.body.nextCursor}`, key))).toEqual([ids[2]]);
    expect((await get(`${ALERTS}?status=dismissed&cursor=${first.body.nextCursor}`, key)).status).toBe(422);
    await handle(ids[0] ?? '', 'dismiss', {}, key);
    await handle(ids[3] ?? '', 'dismiss', {}, key);
    expect(idsOf(await get(ALERTS, key))).toEqual([ids[1], ids[2]]);
    expect(idsOf(await get(`${ALERTS}?status=dismissed`, key))).toEqual([ids[3], ids[0]]);
  });
});
