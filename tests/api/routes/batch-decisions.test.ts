import { asTenant } from '../../../db/tenant.ts';
import type { BatchDecision, BatchDecisionAnswer } from '../../../schemas/batch-decision.ts';
import { startApi, type TestApi } from '../../support/api.ts';

const DECISIONS = '/api/v1/hitl/decisions';
let test: TestApi;
let reviewerKey: string;
let orgId: string;
let agentKey: string;

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  orgId = await test.newOrganization();
  await test.newMember({ id: 'reviewer', role: 'Admin', orgId });
  reviewerKey = (await test.newKey({ orgId, memberId: 'reviewer' })).key;
  agentKey = (await test.newKey({ orgId })).key;
});
afterAll(() => test.stop());

async function open(event: object = {}, key = agentKey): Promise<string> {
  const { body } = await test.call('POST', '/api/v1/governance/events', { key, body: { agentId: 'a', action: 'ask', ...event } });
  return body.review.id;
}
const send = (decisions: object[], { key = reviewerKey, requestId }: { key?: string; requestId?: string } = {}) =>
  test.call('POST', DECISIONS, { key, body: { decisions }, ...(requestId === undefined ? {} : { headers: { 'X-Request-Id': requestId } }) });
const decide = async (decisions: BatchDecision[], options: { requestId?: string } = {}): Promise<BatchDecisionAnswer[]> => {
  const { status, body } = await send(decisions, options);
  expect(status).toBe(200);
  return body.data;
};
const entries = (): Promise<{ reviewId: string; step: string }[]> =>
  asTenant(test.database.appSql, orgId, (tx) => tx`select review_id as "reviewId", step from hitl_decisions where org_id = ${orgId} order by seq`);

describe('deciding many reviews at once', () => {
  it('answers each in the order they were sent, with an entry in the ledger for each that was recorded', async () => {
    const ids = [await open(), await open(), await open()];
    const answers = await decide([
      { reviewId: ids[2] ?? '', verb: 'reject', reason: 'too much' },
      { reviewId: ids[0] ?? '', verb: 'approve' },
      { reviewId: ids[1] ?? '', verb: 'respond', message: 'ask for less' },
    ]);
    expect(answers).toEqual([
      { reviewId: ids[2], status: 'recorded', reviewStatus: 'rejected' },
      { reviewId: ids[0], status: 'recorded', reviewStatus: 'approved' },
      { reviewId: ids[1], status: 'recorded', reviewStatus: 'responded' },
    ]);
    expect(await entries()).toEqual([
      { reviewId: ids[2], step: 'reject' },
      { reviewId: ids[0], step: 'approve' },
      { reviewId: ids[1], step: 'respond' },
    ]);
  });

  it('tells what is closed, refused or unknown apart, and none of it stops the others', async () => {
    const [closed, own, changed, good] = [await open(), await open({}, reviewerKey), await open(), await open()];
    await decide([{ reviewId: closed, verb: 'reject' }]);
    const answers = await decide([
      { reviewId: closed, verb: 'approve' },
      { reviewId: own, verb: 'approve' },
      { reviewId: 'rev_unknown', verb: 'approve' },
      { reviewId: changed, verb: 'approve', digest: 'f'.repeat(64) },
      { reviewId: changed, verb: 'escalate' },
      { reviewId: good, verb: 'approve' },
    ]);
    expect(answers.map(({ status, code, reviewStatus }) => [status, code, reviewStatus])).toEqual([
      ['closed', undefined, 'rejected'],
      ['refused', 'own-request', 'pending'],
      ['refused', 'not-found', null],
      ['refused', 'digest-changed', 'pending'],
      ['refused', 'asked-twice', 'pending'],
      ['recorded', undefined, 'approved'],
    ]);
    expect(await entries()).toHaveLength(2);
  });

  it('answers a retry of the same request as the first time, and records nothing more', async () => {
    test.runtime.plan = {
      levels: [
        { reviewers: { roles: ['Admin'] }, withinMs: 60_000, quorum: 2 },
        { reviewers: { roles: ['Owner'] }, withinMs: 60_000 },
      ],
      outcome: 'block',
    };
    await test.newMember({ id: 'second', role: 'Admin', orgId });
    const decisions: BatchDecision[] = [];
    for (const verb of ['approve', 'reject', 'escalate', 'abstain'] as const) decisions.push({ reviewId: await open(), verb });
    const first = await decide(decisions, { requestId: 'req_1' });
    expect(first.map(({ status }) => status)).toEqual(Array(4).fill('recorded'));
    const recorded = (await entries()).length;
    expect(await decide(decisions, { requestId: 'req_1' })).toEqual(first);
    expect(await entries()).toHaveLength(recorded);
    expect((await decide(decisions, { requestId: 'req_2' })).map(({ status }) => status)).toEqual(['refused', 'closed', 'refused', 'refused']);
  });

  it('refuses an empty batch, more than a hundred, what a batch cannot do, and a response without text', async () => {
    const reviewId = await open();
    const hundredAndOne = Array.from({ length: 101 }, () => ({ reviewId, verb: 'approve' }));
    for (const decisions of [[], hundredAndOne, [{ reviewId, verb: 'edit', args: {} }], [{ reviewId, verb: 'break-glass', reason: 'now' }]]) {
      expect((await send(decisions)).status).toBe(422);
    }
    const { status, body } = await send([
      { reviewId, verb: 'approve' },
      { reviewId, verb: 'respond' },
    ]);
    expect([status, body.errors]).toEqual([422, [{ pointer: '/decisions/1/message', detail: 'a response has a message' }]]);
    expect(await entries()).toEqual([]);
  });

  it('needs a person who may decide', async () => {
    const reviewId = await open();
    expect((await send([{ reviewId, verb: 'approve' }], { key: agentKey })).status).toBe(403);
    const { key } = await test.newKey({ orgId, memberId: 'reviewer', scopes: ['hitl:read'] });
    expect((await send([{ reviewId, verb: 'approve' }], { key })).body.code).toBe('missing-scope');
  });

  it("cannot touch another organisation's reviews", async () => {
    const reviewId = await open();
    const other = await test.newOrganization();
    await test.newMember({ id: 'stranger', role: 'Owner', orgId: other });
    const { key } = await test.newKey({ orgId: other, memberId: 'stranger' });
    const { body } = await send([{ reviewId, verb: 'approve' }], { key });
    expect(body.data).toEqual([expect.objectContaining({ status: 'refused', code: 'not-found', reviewStatus: null })]);
  });
});
