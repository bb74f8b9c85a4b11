import { randomUUID } from 'node:crypto';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const rule = (id: string, effect: 'allow' | 'hitl', attestWithinMs: number, approvalTtlMs?: number): PolicySet['rules'][number] => ({
  id,
  priority: 100,
  when: { actions: [id] },
  effect,
  attestWithinMs,
  reason: `${id} is reported on`,
  ...(effect === 'allow'
    ? {}
    : { review: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: 600_000 }], ...(approvalTtlMs === undefined ? {} : { approvalTtlMs }) } }),
});
const POLICY: PolicySet = {
  rules: [
    rule('pay', 'allow', 600_000),
    rule('pay_soon', 'allow', 700),
    rule('wire', 'hitl', 60_000),
    rule('wire_soon', 'hitl', 700),
    rule('wire_fast', 'hitl', 600_000, 500),
  ],
};

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
  await product.keyOf('Owner');
});
afterAll(() => product.stop());

const act = (action: string) => product.decide({ id: randomUUID(), agentId: 'treasury', action });
const report = (eventId: string, outcome: string) =>
  product.call<{ code: string; outcome: string }>('POST', `/api/v1/governance/events/${eventId}/outcome`, { body: { outcome } });
const resultOf = (eventId: string) => product.temporal.workflow.getHandle(`gov/${product.orgId}/${eventId}`).result();
const read = <Row extends object>(eventId: string, table: 'policy_violations' | 'alert') =>
  product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<Row[]>`select * from ${tx(table)} where org_id = ${product.orgId} and event_id = ${eventId}`;
  });
async function approve(reviewId = ''): Promise<Review> {
  return (await product.call<Review>('POST', `/api/v1/hitl/reviews/${reviewId}/decision`, { key: await product.keyOf('Owner'), body: { verb: 'approve' } }))
    .body;
}

test('a report ends the run, is recorded once, and a second one that differs is refused', async () => {
  const decision = await act('pay');
  expect(decision).toMatchObject({ value: 'ALLOW', attestation: { withinMs: 600_000 } });
  expect((await report(decision.eventId, 'executed')).body).toMatchObject({ outcome: 'executed' });
  expect(await resultOf(decision.eventId)).toMatchObject({ value: 'ALLOW', outcome: 'executed' });
  expect((await report(decision.eventId, 'executed')).status).toBe(200);
  expect(await report(decision.eventId, 'failed')).toMatchObject({ status: 409, body: { outcome: 'executed' } });
  expect(await read(decision.eventId, 'policy_violations')).toHaveLength(0);
});

test('silence past its time is a violation and an alert; a late report still stands beside them', async () => {
  const { eventId } = await act('pay_soon');
  expect(await resultOf(eventId)).toMatchObject({ outcome: 'silent' });
  expect(await read(eventId, 'policy_violations')).toMatchObject([{ value: 'OUTCOME_SILENT' }]);
  expect(await read(eventId, 'alert')).toMatchObject([{ cause: 'outcome-silent', status: 'open' }]);
  expect((await report(eventId, 'executed')).status).toBe(200);
  expect(await read(eventId, 'policy_violations')).toHaveLength(1);
});

test('after a review the time runs from the use of the approval', async () => {
  const decision = await act('wire');
  expect(decision.attestation).toEqual({ withinMs: 60_000, dueAt: null });
  const { actionDigest: digest } = await approve(decision.review?.id);
  await product.call('POST', `/api/v1/hitl/reviews/${decision.review?.id}/consume`, { body: { digest } });
  expect((await report(decision.eventId, 'failed')).body).toMatchObject({ outcome: 'failed' });
  expect(await resultOf(decision.eventId)).toMatchObject({ outcome: 'failed', review: { status: 'approved' } });
});

test('silence after the use of an approval is noticed when that time is over, not when the approval would have ended', async () => {
  const { eventId, review } = await act('wire_soon');
  const { actionDigest: digest } = await approve(review?.id);
  // The run waits for the end of the approval already.
  await until(async () => JSON.stringify(await product.temporal.workflow.getHandle(`gov/${product.orgId}/${eventId}`).fetchHistory()).includes('watchOutcome'));
  await product.call('POST', `/api/v1/hitl/reviews/${review?.id}/consume`, { body: { digest } });
  expect(await resultOf(eventId)).toMatchObject({ outcome: 'silent' });
  expect(await read(eventId, 'alert')).toMatchObject([{ cause: 'outcome-silent' }]);
});

test('an approval that is never used has nothing to report', async () => {
  const decision = await act('wire_fast');
  await approve(decision.review?.id);
  expect(await resultOf(decision.eventId)).toMatchObject({ outcome: 'unused' });
  expect(await read(decision.eventId, 'alert')).toHaveLength(0);
});

test('an event that nobody asks about takes no report', async () => {
  const { eventId } = await act('look_up');
  expect((await report(eventId, 'executed')).status).toBe(404);
});
