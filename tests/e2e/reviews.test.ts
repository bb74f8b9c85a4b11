import { randomUUID } from 'node:crypto';
import { storedDigest } from '../../db/review-seal.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { Review } from '../../schemas/review.ts';
import { reviewSignal } from '../../workflows/messages.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: SHORT_LADDER });
});
afterAll(() => product.stop());

const open = async (action: string): Promise<{ decision: Decision; path: string }> => {
  const decision = await product.decide({ agentId: 'treasury', action, tool: { name: action, args: { amount: 100, to: randomUUID() } } });
  expect(decision.value).toBe('HITL');
  return { decision, path: `/api/v1/hitl/reviews/${decision.review?.id}` };
};
const vote = async (path: string, role: 'Owner' | 'Reviewer' | 'Viewer' | 'Auditor', verb: string, reason?: string) =>
  product.call<Review & { code: string }>('POST', `${path}/decision`, {
    key: await product.keyOf(role),
    body: { verb, ...(reason === undefined ? {} : { reason }) },
  });
const read = async (path: string, wait = 0) => (await product.call<Review>('GET', `${path}?wait=${wait}`)).body;

describe('reviews', () => {
  test('an approval is recorded with who, when and what it covers', async () => {
    const { path } = await open('transfer');
    const answer = await vote(path, 'Reviewer', 'approve', 'known customer');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'approved',
      outcome: 'allow',
      steps: [{ step: 'approve', actor: 'mem_reviewer', level: 0, reason: 'known customer' }],
    });
    expect(answer.body.actionDigest).toMatch(/^[0-9a-f]{64}$/);
    const rows = await product.sql.begin(async (tx) => {
      await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
      return tx<{ body: string }[]>`select body from hitl_decisions where org_id = ${product.orgId} and review_id = ${answer.body.id}`;
    });
    expect(rows.map(({ body }) => JSON.parse(body))).toEqual([
      expect.objectContaining({
        step: 'approve',
        actor: 'mem_reviewer',
        actionDigest: storedDigest(product.vault, product.orgId, String(answer.body.actionDigest)),
        status: 'approved',
      }),
    ]);
  });

  test('a second decision is a 409 that says who was first and when', async () => {
    const { path } = await open('transfer');
    const first = await vote(path, 'Reviewer', 'reject');
    expect(first.body).toMatchObject({ status: 'rejected', outcome: 'block' });
    const second = await vote(path, 'Reviewer', 'approve');
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ code: 'review-decided', status: 409, decidedBy: 'mem_reviewer', decidedAt: first.body.decidedAt });
  });

  test('twenty reviewers at once: one decision stands, nineteen are told', async () => {
    const { path } = await open('transfer');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => vote(path, 'Reviewer', index % 2 === 0 ? 'approve' : 'reject')));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
  });

  test('escalation moves to the next level, where the first level may not decide any more', async () => {
    const { path } = await open('transfer');
    expect((await vote(path, 'Reviewer', 'escalate', 'above my limit')).body).toMatchObject({ status: 'pending', level: 1 });
    expect((await vote(path, 'Reviewer', 'approve')).status).toBe(403);
    const top = await vote(path, 'Owner', 'escalate');
    expect(top.status).toBe(409);
    expect((await vote(path, 'Owner', 'approve')).body.status).toBe('approved');
  });

  test('a level that runs out asks the next, and the last one blocks: expired is not rejected', async () => {
    const { path } = await open('refund');
    const last = await until(async () => {
      const review = await read(path, 10);
      return review.status !== 'pending' && review;
    });
    expect(last).toMatchObject({ status: 'expired', outcome: 'block' });
    expect(last.steps.map(({ step, actor, level }) => ({ step, actor, level }))).toEqual([
      { step: 'timeout', actor: 'system', level: 0 },
      { step: 'timeout', actor: 'system', level: 1 },
    ]);
  });

  test('what was reported after the fact lets nothing pass that would have been held: not under its id either', async () => {
    const events = ['transfer', 'look_up'].map((action) => ({ id: randomUUID(), agentId: 'treasury', action, tool: { name: action, args: { amount: 5 } } }));
    const batch = await product.call<{ data: { decision: Decision }[] }>('POST', '/api/v1/governance/events/batch', { body: { events } });
    expect(batch.body.data.map(({ decision }) => decision.value)).toEqual(['ALERT', 'ALLOW']);
    const [held, harmless] = [await product.decide(events[0] ?? {}), await product.decide(events[1] ?? {})];
    expect(held).toMatchObject({
      value: 'BLOCK',
      reasons: [expect.stringContaining('would have been HITL: ask under a new id'), expect.anything(), expect.anything()],
    });
    expect(harmless).toEqual(batch.body.data[1]?.decision);
    expect((await product.decide({ ...events[0], id: randomUUID() })).value).toBe('HITL');
  });

  test('a long poll answers when the decision falls, not at its timeout', async () => {
    const { path } = await open('transfer');
    const startMs = Date.now();
    const polled = read(path, 55);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await vote(path, 'Reviewer', 'approve');
    expect((await polled).status).toBe('approved');
    expect(Date.now() - startMs).toBeLessThan(50_000);
  });

  test('a decision sent as a signal counts like one over HTTP', async () => {
    const { decision, path } = await open('transfer');
    const handle = product.temporal.workflow.getHandle(`gov/${product.orgId}/${decision.eventId}`);
    await product.keyOf('Reviewer');
    await handle.signal(reviewSignal, { requestId: 'chat-1', verb: 'reject', reviewer: { memberId: 'mem_reviewer' } });
    expect(await handle.result()).toMatchObject({ review: { status: 'rejected' } });
    expect((await read(path)).status).toBe('rejected');
  });

  test('a key of no member, a viewer and an auditor cannot decide; nor can the requester', async () => {
    const { path } = await open('transfer');
    expect((await product.call('POST', `${path}/decision`, { body: { verb: 'approve' } })).status).toBe(403);
    expect((await vote(path, 'Viewer', 'approve')).status).toBe(403);
    expect((await vote(path, 'Auditor', 'approve')).status).toBe(403);
    const own = await product.call<Decision>('POST', '/api/v1/governance/events', {
      key: await product.keyOf('Owner'),
      body: { agentId: 'sales', action: 'grant_discount' },
    });
    expect(own.body.value).toBe('HITL');
    expect((await vote(`/api/v1/hitl/reviews/${own.body.review?.id}`, 'Owner', 'approve')).status).toBe(403);
  });

  test('a review of a run that an operator terminated can still be decided', async () => {
    const { decision, path } = await open('transfer');
    await product.temporal.workflow.getHandle(`gov/${product.orgId}/${decision.eventId}`).terminate('drill');
    const answer = await vote(path, 'Reviewer', 'approve');
    expect(answer.body.status).toBe('approved');
  });
});
