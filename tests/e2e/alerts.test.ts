import type { Alert } from '../../schemas/alert.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import { conductReviewId } from '../../workflows/ids.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const POLICY: PolicySet = {
  rules: [{ id: 'odd', priority: 100, when: { actions: ['odd'] }, effect: 'alert', reason: 'somebody should look at it' }],
  defaultReview: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: 2_500 }] },
};

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
});
afterAll(() => product.stop());

const open = async (): Promise<Alert[]> => (await product.call<{ data: Alert[] }>('GET', '/api/v1/alerts?limit=200')).body.data;
const handle = async (id: string, how: string) =>
  product.call<Alert>('POST', `/api/v1/alerts/${id}/${how}`, { key: await product.keyOf('Reviewer'), body: {} });
const read = async (id: string | null, wait = 0) => (await product.call<Review>('GET', `/api/v1/hitl/reviews/${id}?wait=${wait}`)).body;
async function raise(): Promise<Alert> {
  const { value, eventId } = await product.decide({ agentId: 'a', action: 'odd' });
  expect(value).toBe('ALERT');
  const alert = (await open()).find((each) => each.eventId === eventId);
  if (alert === undefined) throw new Error('no alert was raised');
  return alert;
}
const violations = (eventId: string): Promise<string[]> =>
  product.sql.begin<string[]>(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    const rows = await tx<{ value: string }[]>`select value from policy_violations where org_id = ${product.orgId} and event_id = ${eventId} order by seq`;
    return rows.map(({ value }) => value);
  });

describe('alerts', () => {
  test('an event that is let pass but flagged stands in the queue until a person has handled it', async () => {
    const alert = await raise();
    expect(alert).toMatchObject({ status: 'open', cause: 'decision', reasons: ['somebody should look at it'] });
    expect((await handle(alert.id, 'acknowledge')).body).toMatchObject({ status: 'acknowledged', handledBy: 'mem_reviewer' });
    expect((await open()).map(({ id }) => id)).not.toContain(alert.id);
    expect((await handle(alert.id, 'dismiss')).status).toBe(409);
  });

  test('an escalated one is judged by the ladder of the policy; rejected, it is a violation and a new alert', async () => {
    const alert = await raise();
    const { escalatedTo } = (await handle(alert.id, 'escalate')).body;
    expect(await read(escalatedTo)).toMatchObject({ kind: 'after', status: 'pending', eventId: alert.eventId });
    const rejected = await product.call<Review>('POST', `/api/v1/hitl/reviews/${escalatedTo}/decision`, {
      key: await product.keyOf('Owner'),
      body: { verb: 'reject' },
    });
    expect(rejected.body.status).toBe('rejected');
    expect(await product.temporal.workflow.getHandle(conductReviewId(product.orgId, escalatedTo ?? '')).result()).toMatchObject({ status: 'rejected' });
    expect((await open()).find(({ reviewId }) => reviewId === escalatedTo)).toMatchObject({ cause: 'escalation', eventId: alert.eventId });
    expect(await violations(alert.eventId ?? '')).toEqual(['ALERT', 'ESCALATION']);
  });

  test('one that nobody judges in time is a violation too, without anybody asking', async () => {
    const alert = await raise();
    const { escalatedTo } = (await handle(alert.id, 'escalate')).body;
    expect(await read(escalatedTo, 20)).toMatchObject({ status: 'expired', outcome: 'block' });
    expect((await open()).find(({ reviewId }) => reviewId === escalatedTo)).toMatchObject({ reasons: ['nobody judged an escalated alert in time'] });
    expect(await violations(alert.eventId ?? '')).toEqual(['ALERT', 'ESCALATION']);
  });

  test('one that is found all right raises nothing more', async () => {
    const alert = await raise();
    const { escalatedTo } = (await handle(alert.id, 'escalate')).body;
    await product.call('POST', `/api/v1/hitl/reviews/${escalatedTo}/decision`, { key: await product.keyOf('Owner'), body: { verb: 'approve' } });
    expect(await read(escalatedTo)).toMatchObject({ status: 'approved' });
    expect(await violations(alert.eventId ?? '')).toEqual(['ALERT']);
  });
});
