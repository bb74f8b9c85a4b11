import { randomUUID } from 'node:crypto';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Alert } from '../../schemas/alert.ts';
import type { BatchResult } from '../../schemas/event-views.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const POLICY: PolicySet = {
  rules: [
    { id: 'never', priority: 100, when: { actions: ['never'] }, effect: 'block', reason: 'never' },
    { id: 'people', priority: 100, when: { actions: ['ask'] }, effect: 'hitl', reason: 'people decide' },
  ],
};

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
});
afterAll(() => product.stop());

const deliver = async (...events: object[]): Promise<BatchResult['data']> => {
  const { status, body } = await product.call<BatchResult>('POST', '/api/v1/governance/events/batch', { body: { events } });
  expect(status).toBe(200);
  return body.data;
};
const report = (eventId: string, value = 'ALLOW') =>
  product.call<{ value: string }>('POST', `/api/v1/governance/events/${eventId}/fail-mode`, {
    body: { mode: 'allow', value, cause: 'deadline', decidedAt: new Date().toISOString() },
  });
const alertsOf = async (eventId: string): Promise<string[]> =>
  (await product.call<{ data: Alert[] }>('GET', '/api/v1/alerts?limit=200')).body.data
    .filter((alert) => alert.eventId === eventId)
    .map(({ cause, reasons }) => `${cause}: ${reasons[0]}`)
    .toSorted();
const used = async (): Promise<number> => (await product.call<{ events: { used: number } }>('GET', '/api/v1/billing/usage')).body.events.used;
const event = (action: string) => ({ id: randomUUID(), agentId: 'treasury', action, sessionId: 'failing' });

test.each([
  ['never', 'BLOCK'],
  ['ask', 'HITL'],
])('an event that went on unasked and is delivered afterwards (%s) is flagged, and its report says that it would have been %s', async (action, value) => {
  const late = event(action);
  expect(await deliver(late)).toMatchObject([{ status: 'decided', decision: { value: 'ALERT' } }]);
  expect((await report(late.id)).status).toBe(200);
  expect(await alertsOf(late.id)).toEqual([
    `decision: observed after the fact; would have been ${value}`,
    `fail-mode: the agent went on by its fail mode allow (deadline); the decision would have been ${value}`,
  ]);
});

test('an event that was decided though its answer was lost is delivered again: the decision of the first time, charged once, and no session moves', async () => {
  const events = [event('never'), event('look_up'), event('ask')];
  const decisions = [];
  for (const each of events) decisions.push(await product.decide(each));
  const before = await used();
  expect((await deliver(...events)).map(({ status, decision }) => ({ status, decision }))).toEqual(
    decisions.map((decision) => ({ status: 'decided', decision })),
  );
  expect(await used()).toBe(before);
  const [blocked] = events;
  expect((await report(blocked?.id ?? '')).status).toBe(200);
  expect(await alertsOf(blocked?.id ?? '')).toEqual(['fail-mode: the agent went on by its fail mode allow (deadline); the decision is BLOCK']);
});

test('delivered with another body it is a conflict, and beside it the rest of the batch is recorded', async () => {
  const [first, second] = [event('look_up'), event('look_up')];
  await product.decide(first);
  const before = await used();
  expect(await deliver({ ...first, action: 'never' }, second)).toMatchObject([
    { eventId: first.id, status: 'conflict' },
    { eventId: second.id, status: 'decided', decision: { value: 'ALLOW' } },
  ]);
  expect(await used()).toBe(before + 1);
});

test('the ledger that says both still verifies', async () => {
  expect(await verifyLedger(product.sql, product.orgId)).toMatchObject({ findings: [] });
});
