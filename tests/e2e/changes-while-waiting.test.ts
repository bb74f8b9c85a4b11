import { randomUUID } from 'node:crypto';
import type { ApiKey, CreatedKey } from '../../schemas/key.ts';
import type { Policy, PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import type { Stop, StopDetail } from '../../schemas/stop.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const asking = (reason: string, quorum = 2): PolicySet => ({
  rules: [
    {
      id: 'transfers',
      priority: 100,
      when: { actions: ['transfer'] },
      effect: 'hitl',
      review: { levels: [{ reviewers: { roles: ['Reviewer', 'Owner'] }, quorum, withinMs: 600_000 }] },
      reason,
    },
  ],
});

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: asking('people decide') });
  // A policy is refused that asks for people who are not there.
  await Promise.all([product.keyOf('Reviewer'), product.keyOf('Owner')]);
});
afterAll(() => product.stop());

const park = async (agentId: string = randomUUID(), key = product.apiKey): Promise<string> => {
  const { review, value } = await product.decide({ agentId, action: 'transfer' }, { key });
  if (review === undefined) throw new Error(`decided ${value}, not parked`);
  return review.id;
};
const read = async (id: string, wait = 0): Promise<Review> => (await product.call<Review>('GET', `/api/v1/hitl/reviews/${id}?wait=${wait}`)).body;
const vote = async (id: string, role: 'Owner' | 'Reviewer') =>
  product.call<Review>('POST', `/api/v1/hitl/reviews/${id}/decision`, { key: await product.keyOf(role), body: { verb: 'approve' } });
const runOf = async (id: string) => product.temporal.workflow.getHandle(`gov/${product.orgId}/${(await read(id)).eventId}`).result();
const recorded = (id: string): Promise<{ step: string }[]> =>
  product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<{ step: string }[]>`select step from hitl_decisions where org_id = ${product.orgId} and review_id = ${id} order by seq`;
  });

/** As an administrator does it, through the API. */
async function activate(document: PolicySet): Promise<void> {
  const created = await product.call<Policy>('POST', '/api/v1/policies', { body: { name: randomUUID(), document } });
  const activated = await product.call('POST', `/api/v1/policies/${created.body.id}/versions/1/activate`);
  expect([created.status, activated.status]).toEqual([201, 200]);
}

describe('a policy that is activated while a review waits', () => {
  afterEach(() => activate(asking('people decide')));

  test.each([
    ['allow', 'released', 'allow'],
    ['block', 'refused', 'block'],
  ] as const)('and says %s: the long poll answers at once, the run ends, one record says why', async (defaultEffect, status, outcome) => {
    const id = await park();
    const polled = read(id, 55);
    await activate({ rules: [], defaultEffect });
    expect(await polled).toMatchObject({ status, outcome, steps: [{ step: 'revise', actor: 'system' }] });
    expect(await runOf(id)).toMatchObject({ review: { status } });
    expect(await recorded(id)).toHaveLength(1);
  });

  test('and releases it: the approval is for the action under the new policy, and good for one use', async () => {
    const id = await park();
    await activate({ rules: [], defaultEffect: 'allow' });
    const { actionDigest: digest } = await until(async () => {
      const review = await read(id, 1);
      return review.status === 'released' && review;
    });
    const consume = () => product.call<{ refusal?: string }>('POST', `/api/v1/hitl/reviews/${id}/consume`, { body: { digest } });
    expect([(await consume()).status, (await consume()).body.refusal]).toEqual([200, 'already_consumed']);
  });

  test('and still wants people: votes are void, the digest is another one, and the new quorum decides', async () => {
    const id = await park();
    const before = (await vote(id, 'Reviewer')).body;
    expect(before.votes).toHaveLength(1);
    await activate(asking('asked again', 1));
    const after = await until(async () => {
      const review = await read(id, 1);
      return review.steps.at(-1)?.step === 'revise' && review;
    });
    expect(after).toMatchObject({ status: 'pending', votes: [], level: 0, plan: { levels: [{ quorum: 1 }] } });
    expect(after.steps.at(-1)).toMatchObject({ voided: ['mem_reviewer'], digest: after.actionDigest });
    expect(after.actionDigest).not.toBe(before.actionDigest);
    expect((await vote(id, 'Owner')).body.status).toBe('approved');
    expect(await runOf(id)).toMatchObject({ review: { status: 'approved' } });
  });

  test('at the moment of a vote: each review ends once', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => park()));
    await Promise.all(ids.map((id) => vote(id, 'Reviewer')));
    const [votes] = await Promise.all([Promise.all(ids.map((id) => vote(id, 'Owner'))), activate({ rules: [], defaultEffect: 'block' })]);
    for (const [index, id] of ids.entries()) {
      const { status, steps } = await until(async () => {
        const review = await read(id, 1);
        return review.status !== 'pending' && review;
      });
      expect(status).toBe(votes[index]?.status === 200 ? 'approved' : 'refused');
      expect(steps).toHaveLength(2);
      expect(await recorded(id)).toHaveLength(2);
    }
  });
});

test('a key that is revoked takes its requests and its votes with it', async () => {
  const { body: asker } = await product.call<CreatedKey>('POST', '/api/v1/keys', { body: { name: 'asker', scopes: ['events:write'] } });
  const own = await park('agent-1', asker.key);
  const other = await park();
  await vote(other, 'Reviewer');
  await product.call('DELETE', `/api/v1/keys/${asker.id}`);
  expect(await read(own, 55)).toMatchObject({ status: 'refused', steps: [{ reason: 'the key that asked was revoked' }] });
  const { body: keys } = await product.call<{ data: ApiKey[] }>('GET', '/api/v1/keys');
  const voter = keys.data.find(({ memberId, revokedAt }) => memberId === 'mem_reviewer' && revokedAt === null);
  await product.call('DELETE', `/api/v1/keys/${voter?.id}`);
  const after = await until(async () => {
    const review = await read(other, 1);
    return review.votes.length === 0 && review;
  });
  expect(after).toMatchObject({ status: 'pending', steps: [{ step: 'approve' }, { step: 'void', voided: ['mem_reviewer'] }] });
});

test('an agent that is stopped has nothing waiting any more', async () => {
  const [id, other] = [await park('stoppable'), await park()];
  await product.call('POST', '/api/v1/governance/agents/stoppable/stop', { body: { reason: 'incident 12' } });
  expect(await read(id, 55)).toMatchObject({ status: 'refused', steps: [{ reason: 'the agent was stopped: incident 12' }] });
  expect((await read(other)).status).toBe('pending');
});

test('a stop of every agent refuses fifty parked reviews, lists them, and blocks what comes', async () => {
  const organization = await product.addOrganization({ policy: asking('people decide') });
  const key = organization.apiKey;
  const ids: string[] = [];
  for (let index = 0; index < 50; index += 1) ids.push(await park(`agent-${index}`, key));
  const { status, body } = await product.call<Stop>('POST', '/api/v1/governance/stops', { key, body: { agents: ['*'], reason: 'incident 13' } });
  expect([status, body.sweep.total]).toEqual([202, 50]);
  expect(await product.decide({ agentId: 'brand-new', action: 'look' }, { key })).toMatchObject({
    value: 'BLOCK',
    reasons: ['the agent is stopped: incident 13'],
  });
  const detail = await until(async () => {
    const answer = await product.call<StopDetail>('GET', `/api/v1/governance/stops/${body.id}?limit=200`, { key });
    return answer.body.sweep.status === 'finished' && answer.body;
  });
  expect(detail.sweep).toMatchObject({ total: 50, done: 50 });
  expect(detail.cancelled.data.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  const counted = await product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${organization.orgId}, true)`;
    return tx<{ reviews: number; entries: number }[]>`
      select count(distinct review_id)::int as reviews, count(*)::int as entries from hitl_decisions where org_id = ${organization.orgId}`;
  });
  expect(counted[0]).toEqual({ reviews: 50, entries: 50 });
  await product.call('POST', `/api/v1/governance/stops/${body.id}/lift`, { key });
  expect((await product.decide({ agentId: 'brand-new', action: 'look' }, { key })).value).toBe('ALLOW');
});
