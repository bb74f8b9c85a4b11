import type { Alert } from '../../schemas/alert.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import { conductReviewId } from '../../workflows/ids.ts';
import { startTestProduct, type TestOrganization, type TestProduct } from '../support/product.ts';

const policyOf = (withinMs: number): PolicySet => ({
  rules: [{ id: 'odd', priority: 100, when: { actions: ['odd'] }, effect: 'alert', reason: 'somebody should look at it' }],
  defaultReview: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs }] },
});

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: policyOf(600_000) });
});
afterAll(() => product.stop());

const open = async ({ apiKey: key }: TestOrganization = product): Promise<Alert[]> =>
  (await product.call<{ data: Alert[] }>('GET', '/api/v1/alerts?limit=200', { key })).body.data;
const handle = async (id: string, how: string, { keyOf }: TestOrganization = product) =>
  product.call<Alert>('POST', `/api/v1/alerts/${id}/${how}`, { key: await keyOf('Reviewer'), body: {} });
const read = async (id: string | null, wait = 0, { apiKey: key }: TestOrganization = product) =>
  (await product.call<Review>('GET', `/api/v1/hitl/reviews/${id}?wait=${wait}`, { key })).body;
async function raise(organization: TestOrganization = product): Promise<Alert> {
  const { value, eventId } = await product.decide({ agentId: 'a', action: 'odd' }, { key: organization.apiKey });
  expect(value).toBe('ALERT');
  const alert = (await open(organization)).find((each) => each.eventId === eventId);
  if (alert === undefined) throw new Error('no alert was raised');
  return alert;
}
const violations = (eventId: string, { orgId }: TestOrganization = product): Promise<string[]> =>
  product.sql.begin<string[]>(async (tx) => {
    await tx`select set_config('mg.org_id', ${orgId}, true)`;
    const rows = await tx<{ value: string }[]>`select value from policy_violations where org_id = ${orgId} and event_id = ${eventId} order by seq`;
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
    const hurried = await product.addOrganization({ policy: policyOf(1_000) });
    const alert = await raise(hurried);
    const { escalatedTo } = (await handle(alert.id, 'escalate', hurried)).body;
    expect(await read(escalatedTo, 55, hurried)).toMatchObject({ status: 'expired', outcome: 'block' });
    expect((await open(hurried)).find(({ reviewId }) => reviewId === escalatedTo)).toMatchObject({ reasons: ['nobody judged an escalated alert in time'] });
    expect(await violations(alert.eventId ?? '', hurried)).toEqual(['ALERT', 'ESCALATION']);
  });

  test('one that is found all right raises nothing more', async () => {
    const alert = await raise();
    const { escalatedTo } = (await handle(alert.id, 'escalate')).body;
    await product.call('POST', `/api/v1/hitl/reviews/${escalatedTo}/decision`, { key: await product.keyOf('Owner'), body: { verb: 'approve' } });
    expect(await read(escalatedTo)).toMatchObject({ status: 'approved' });
    expect(await violations(alert.eventId ?? '')).toEqual(['ALERT']);
  });
});
