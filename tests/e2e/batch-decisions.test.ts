import { randomUUID } from 'node:crypto';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { BatchDecision, BatchDecisionAnswer } from '../../schemas/batch-decision.ts';
import type { Review } from '../../schemas/review.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { REVIEW_WAYS } from '../support/review-policies.ts';

let product: TestProduct;
let ann: string;
beforeAll(async () => {
  product = await startTestProduct({ policy: REVIEW_WAYS });
  ann = await product.keyOfMember('ann', 'Reviewer');
  await product.keyOfMember('bob', 'Reviewer');
});
afterAll(() => product.stop());

/** How reviews of different plans are decided, and what becomes of them by one person's vote. */
const WAYS: readonly { action: string; decision: Omit<BatchDecision, 'reviewId'>; becomes: string }[] = [
  { action: 'single', decision: { verb: 'approve' }, becomes: 'approved' },
  { action: 'single', decision: { verb: 'reject', reason: 'not this one' }, becomes: 'rejected' },
  { action: 'single', decision: { verb: 'respond', message: 'use the other account' }, becomes: 'responded' },
  { action: 'reasoned', decision: { verb: 'approve', reason: 'known customer' }, becomes: 'approved' },
  { action: 'two', decision: { verb: 'approve' }, becomes: 'pending' },
  { action: 'two', decision: { verb: 'reject' }, becomes: 'rejected' },
  { action: 'everybody', decision: { verb: 'escalate' }, becomes: 'pending' },
  { action: 'everybody', decision: { verb: 'abstain' }, becomes: 'pending' },
];

const countEntries = (): Promise<number> =>
  asTenant(product.sql, product.orgId, async (tx) => {
    const [row] = await tx<{ n: number }[]>`select count(*)::int as n from hitl_decisions where org_id = ${product.orgId}`;
    return row?.n ?? 0;
  });

test('100 mixed pending reviews are cleared in one request: 100 entries in the ledger, within 10 s of machine time', async () => {
  const ask = async (way: (typeof WAYS)[number]) => {
    const decision = await product.decide({ agentId: 'treasury', action: way.action, tool: { name: way.action, args: { to: randomUUID() } } });
    return { reviewId: decision.review?.id ?? '', eventId: decision.eventId, way };
  };
  const asked: Awaited<ReturnType<typeof ask>>[] = [];
  const ways = Array.from({ length: 100 }, (_, index) => WAYS[index % WAYS.length] as (typeof WAYS)[number]);
  for (let first = 0; first < 100; first += 10) asked.push(...(await Promise.all(ways.slice(first, first + 10).map(ask))));
  const body = { decisions: asked.map(({ reviewId, way }) => ({ reviewId, ...way.decision })) };
  const headers = { 'x-request-id': `req_${randomUUID()}` };
  const before = await countEntries();
  const cpu = process.cpuUsage();
  const { status, body: answer } = await product.call<{ data: BatchDecisionAnswer[] }>('POST', '/api/v1/hitl/decisions', { key: ann, body, headers });
  const { user, system } = process.cpuUsage(cpu);
  expect(status).toBe(200);
  expect(answer.data).toEqual(asked.map(({ reviewId, way }) => ({ reviewId, status: 'recorded', reviewStatus: way.becomes })));
  expect((await countEntries()) - before).toBe(100);
  expect((user + system) / 1_000_000).toBeLessThan(10);

  // A retry is the same operation, and the runs have heard of it.
  const retried = await product.call<{ data: BatchDecisionAnswer[] }>('POST', '/api/v1/hitl/decisions', { key: ann, body, headers });
  expect(retried.body).toEqual(answer);
  expect((await countEntries()) - before).toBe(100);
  for (const { eventId, way } of asked.filter(({ way: { becomes } }) => becomes !== 'pending').slice(0, 12)) {
    expect(await product.temporal.workflow.getHandle(`gov/${product.orgId}/${eventId}`).result()).toMatchObject({ review: { status: way.becomes } });
  }
  expect((await verifyLedger(product.sql, product.orgId)).findings).toEqual([]);
});

test('the batch is one run, which a second request with the same id attaches to while it is under way', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const decision = await product.decide({ agentId: 'treasury', action: 'single', tool: { name: 'single', args: { to: randomUUID() } } });
    ids.push(decision.review?.id ?? '');
  }
  const requestId = `req_${randomUUID()}`;
  const send = () =>
    product.call<{ data: BatchDecisionAnswer[] }>('POST', '/api/v1/hitl/decisions', {
      key: ann,
      body: { decisions: ids.map((reviewId) => ({ reviewId, verb: 'approve' })) },
      headers: { 'x-request-id': requestId },
    });
  const answers = await Promise.all([send(), send(), send()]);
  for (const { status, body } of answers) expect([status, body.data.map((item) => item.status)]).toEqual([200, Array(5).fill('recorded')]);
  for (const id of ids) expect((await product.call<Review>('GET', `/api/v1/hitl/reviews/${id}`)).body.steps).toHaveLength(1);
});

test('nobody waits for a worker: where none takes the run’s steps, the votes are recorded all the same', async () => {
  const alone = await startTestProduct({ policy: REVIEW_WAYS, roles: ['api', 'decision'] });
  const key = await alone.keyOfMember('ann', 'Reviewer');
  const { review } = await alone.decide({ agentId: 'treasury', action: 'single', tool: { name: 'single', args: {} } });
  const { status, body } = await alone.call('POST', '/api/v1/hitl/decisions', { key, body: { decisions: [{ reviewId: review?.id, verb: 'approve' }] } });
  expect([status, body]).toEqual([200, { data: [{ reviewId: review?.id, status: 'recorded', reviewStatus: 'approved' }] }]);
  await alone.stop();
});
