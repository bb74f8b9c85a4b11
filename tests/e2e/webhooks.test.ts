import { randomUUID } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import type { WebhookDelivery, WebhookEndpoint, WebhookReplay, WebhookTest } from '../../schemas/webhook.ts';
import { WEBHOOK_DATA, type WebhookMessage } from '../../schemas/webhook-event.ts';
import { startTestProduct, type TestOrganization, type TestProduct } from '../support/product.ts';
import { type ReceivedCall, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { until } from '../support/until.ts';

const rule = (action: string, effect: string, more: object = {}): PolicySet['rules'][number] =>
  ({ id: action, priority: 100, when: { actions: [action] }, effect, reason: 'decided by its rule', ...more }) as never;
const POLICY: PolicySet = {
  rules: [
    rule('wipe', 'block'),
    rule('pay', 'alert'),
    rule('transfer', 'hitl', { review: { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: 3_600_000 }] } }),
  ],
};
/** The three days of the published schedule in five seconds. */
const WAITS_MS = [0, 100, 200, 400, 800, 1_500, 2_000];
const OUTBOUND = { mail: null, allow: ['127.0.0.0/8'] };

let receiver: WebhookReceiver;
let product: TestProduct;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  product = await startTestProduct({ roles: ['api', 'decision', 'hitl', 'maintenance'], outbound: OUTBOUND, webhookWaitsMs: WAITS_MS });
});
afterAll(async () => {
  await product.stop();
  await receiver.close();
});

type Endpoint = WebhookEndpoint & { secret: string };
interface House extends TestOrganization {
  as: <T>(method: string, path: string, body?: unknown, key?: string) => Promise<T>;
  decide: (action: string) => Promise<{ eventId: string; review?: { id: string } | undefined }>;
  addEndpoint: (path: string, types?: string[]) => Promise<Endpoint>;
  deliveries: (endpoint: Endpoint) => Promise<WebhookDelivery[]>;
}

async function openHouse(of = product): Promise<House> {
  const organization = await of.addOrganization({ policy: POLICY });
  const as: House['as'] = async (method, path, body, key = organization.apiKey) => {
    const answer = await of.call(method, `/api/v1${path}`, { key, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as never;
  };
  return {
    ...organization,
    as,
    decide: (action) =>
      of.decide(
        { id: randomUUID(), agentId: 'treasury', action, content: 'a private remark', tool: { name: action, args: { iban: 'DE-private' } } },
        { key: organization.apiKey },
      ),
    addEndpoint: (path, types = []) => as<Endpoint>('POST', '/webhooks/endpoints', { name: path, url: receiver.url + path, types }),
    deliveries: async ({ id }) => (await as<{ data: WebhookDelivery[] }>('GET', `/webhooks/endpoints/${id}/deliveries?limit=200`)).data,
  };
}

const messageIn = ({ body }: ReceivedCall): WebhookMessage => JSON.parse(body) as WebhookMessage;
const typesTo = (path: string): string[] => receiver.to(path).map((call) => messageIn(call).type);
const idsTo = (path: string): string[] => receiver.to(path).map(({ headers }) => String(headers['webhook-id']));

/** Until nothing waits any more, and there are so many. */
const settledLog = (house: House, endpoint: Endpoint, count: number): Promise<WebhookDelivery[]> =>
  until(async () => {
    const log = await house.deliveries(endpoint);
    return log.length === count && log.every(({ status }) => status !== 'pending') && log;
  }, 150_000);

test('everything that is published is told, signed, with what is published of it and nothing private', async () => {
  const house = await openHouse();
  const endpoint = await house.addEndpoint('/all');
  const [ann] = [await house.keyOfMember('ann', 'Reviewer')];
  await house.decide('wipe');
  await house.decide('pay');
  const { review } = await house.decide('transfer');
  await house.as('POST', `/hitl/reviews/${review?.id}/decision`, { verb: 'approve', reason: 'a private reason' }, ann);
  await house.as('POST', '/governance/agents/treasury/stop', { reason: 'a private reason' });
  await house.as('POST', '/governance/agents/treasury/resume');
  const expected = [
    'agent.resumed',
    'agent.stopped',
    'governance.decision.alerted',
    'governance.decision.blocked',
    'governance.review.decided',
    'governance.review.opened',
    'policy.violated',
    'policy.violated',
    'policy.violated',
  ];
  const log = await settledLog(house, endpoint, expected.length);
  expect(log.map(({ status }) => status)).toEqual(expected.map(() => 'delivered'));
  expect(typesTo('/all').toSorted()).toEqual(expected);
  expect(new Set(idsTo('/all')).size).toBe(expected.length);
  expect(new Set(log.map(({ messageId }) => messageId))).toEqual(new Set(idsTo('/all')));
  for (const call of receiver.to('/all')) {
    const headers = call.headers as Record<string, string>;
    for (const Webhook of [StandardWebhook, SvixWebhook]) expect(new Webhook(endpoint.secret).verify(call.body, headers)).toEqual(messageIn(call));
    const { type, data } = messageIn(call);
    expect(WEBHOOK_DATA[type].parse(data)).toEqual(data);
    expect(call.body).not.toMatch(/private/);
  }
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${endpoint.id}`)).toMatchObject({
    failingSince: null,
    lastDeliveredAt: expect.any(String),
  });
});

test('an order to stop, its end, and a person that is forgotten are told of by their ids', async () => {
  const house = await openHouse();
  const endpoint = await house.addEndpoint('/orders', ['agent.stopped', 'agent.resumed', 'erasure.completed']);
  const stop = await house.as<{ id: string }>('POST', '/governance/stops', { agents: ['*'], reason: 'a private reason' });
  await house.as('POST', `/governance/stops/${stop.id}/lift`);
  await product.decide(
    { id: randomUUID(), agentId: 'clerk', action: 'look', content: 'private', principal: { user: 'ann@example.com' } },
    { key: house.apiKey },
  );
  const erasure = await house.as<{ id: string }>('POST', '/audit/erasures', { subject: { user: 'ann@example.com' }, legalGround: 'consent-withdrawn' });
  await settledLog(house, endpoint, 3);
  const [stopped, resumed, erased] = ['agent.stopped', 'agent.resumed', 'erasure.completed'].map((type) =>
    receiver
      .to('/orders')
      .map(messageIn)
      .find((message) => message.type === type),
  );
  expect(stopped?.data).toMatchObject({ agents: ['*'], stopId: stop.id });
  expect(resumed?.data).toMatchObject({ stopId: stop.id });
  expect(erased?.data).toMatchObject({ erasureId: erasure.id, keysDestroyed: 1 });
  expect(JSON.stringify(receiver.to('/orders'))).not.toMatch(/private|ann@/);
});

test('a receiver that is down for a day gets everything once it is back; what it gets twice has the same id', async () => {
  // Tries that do not run out before the receiver is back, however slow the machine is.
  const patient = await startTestProduct({
    roles: ['api', 'decision', 'hitl'],
    outbound: OUTBOUND,
    webhookWaitsMs: [0, 100, ...Array<number>(150).fill(1_000)],
  });
  const house = await openHouse(patient);
  const endpoint = await house.addEndpoint('/day', ['governance.decision.blocked']);
  await receiver.down();
  for (let count = 0; count < 5; count += 1) await house.decide('wipe');
  await until(async () => {
    const log = await house.deliveries(endpoint);
    return log.length === 5 && log.every(({ attempts }) => attempts >= 2);
  });
  await receiver.up();
  const log = await settledLog(house, endpoint, 5);
  expect(log.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'delivered'));
  expect(new Set(idsTo('/day'))).toEqual(new Set(log.map(({ messageId }) => messageId)));

  // An answer that comes too late is none: the message is sent again, and is the same one.
  const again = await house.addEndpoint('/twice', ['governance.decision.blocked']);
  receiver.answer('/twice', 500);
  await house.decide('wipe');
  await settledLog(house, again, 1);
  expect(idsTo('/twice')).toHaveLength(2);
  expect(new Set(receiver.to('/twice').map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`)).size).toBe(1);
  await patient.stop();
});

test('one that stays down is given up, seen on the endpoint, on record and as an alert; all of it is sent when it is asked for', async () => {
  const house = await openHouse();
  const endpoint = await house.addEndpoint('/dead', ['governance.decision.blocked']);
  receiver.answer('/dead', ...WAITS_MS.map(() => 503));
  await house.decide('wipe');
  const [given] = await settledLog(house, endpoint, 1);
  expect(given).toMatchObject({ status: 'failed', attempts: WAITS_MS.length, httpStatus: 503, lastError: 'answered 503' });
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${endpoint.id}`)).toMatchObject({
    status: 'enabled',
    lastError: 'answered 503',
    failingSince: expect.any(String),
  });
  const alerts = await house.as<{ data: { cause: string; reasons: string[] }[] }>('GET', '/alerts');
  expect(alerts.data).toMatchObject([{ cause: 'webhook', reasons: [`${endpoint.id}: answered 503`] }]);
  const records = await house.as<{ data: unknown[] }>('GET', `/audit/entries?type=webhook.given-up&target=${endpoint.id}`);
  expect(records.data).toHaveLength(1);

  await house.as('POST', `/webhooks/endpoints/${endpoint.id}/disable`);
  await house.decide('wipe');
  await house.as('POST', `/webhooks/endpoints/${endpoint.id}/enable`);
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${endpoint.id}`)).toMatchObject({ hasMissed: true });
  await house.as<WebhookReplay>('POST', `/webhooks/endpoints/${endpoint.id}/replay`, { missed: true });
  const log = await settledLog(house, endpoint, 2);
  expect(log.map(({ status, round }) => `${status} ${round}`).toSorted()).toEqual(['delivered 1', 'delivered 2']);
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${endpoint.id}`)).toMatchObject({ hasMissed: false, failingSince: null });
});

test('a span of time, or one message, is sent once more under the same ids; another endpoint hears nothing of it', async () => {
  const house = await openHouse();
  const since = new Date().toISOString();
  const [endpoint, other] = [await house.addEndpoint('/span', ['governance.decision.blocked']), await house.addEndpoint('/other-span')];
  for (let count = 0; count < 3; count += 1) await house.decide('wipe');
  await settledLog(house, endpoint, 3);
  await settledLog(house, other, 6);
  const before = idsTo('/span');
  expect(before).toHaveLength(3);
  const path = `/webhooks/endpoints/${endpoint.id}/replay`;
  expect(await house.as<WebhookReplay>('POST', path, { since })).toMatchObject({ scope: 'all', status: 'running' });
  await until(async () => idsTo('/span').length === 6);
  expect(idsTo('/span').slice(3).toSorted()).toEqual(before.toSorted());
  await house.as('POST', path, { messageId: before[0] });
  await until(async () => idsTo('/span').length === 7);
  expect(idsTo('/span')[6]).toBe(before[0]);
  expect(receiver.to('/other-span')).toHaveLength(6);
});

test('410 disables the endpoint, 429 holds it back as long as it asks, and a redirect is not followed', async () => {
  const house = await openHouse();
  const types = ['governance.decision.blocked'];
  const [gone, slow, moved] = [await house.addEndpoint('/gone', types), await house.addEndpoint('/slow', types), await house.addEndpoint('/moved', types)];
  receiver.answer('/gone', 410);
  receiver.answer('/slow', { status: 429, headers: { 'retry-after': '2' } });
  receiver.answer('/moved', { status: 302, headers: { location: `${receiver.url}/stolen` } });
  await house.decide('wipe');
  expect(await settledLog(house, gone, 1)).toMatchObject([{ status: 'failed', attempts: 1, httpStatus: 410 }]);
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${gone.id}`)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
  expect(await settledLog(house, moved, 1)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  expect(receiver.to('/stolen')).toEqual([]);
  expect(await settledLog(house, slow, 1)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  expect(await house.as<WebhookEndpoint>('GET', `/webhooks/endpoints/${slow.id}`)).toMatchObject({ throttledUntil: expect.any(String) });
});

test('a rotated secret signs beside the old one, and alone where the old one is not to go on', async () => {
  const house = await openHouse();
  const endpoint = await house.addEndpoint('/rotated', ['governance.decision.blocked']);
  const path = `/webhooks/endpoints/${endpoint.id}/rotate-secret`;
  const second = await house.as<Endpoint>('POST', path, {});
  await house.decide('wipe');
  await settledLog(house, endpoint, 1);
  const [call] = receiver.to('/rotated');
  for (const { secret } of [endpoint, second]) new StandardWebhook(secret).verify(call?.body ?? '', (call?.headers ?? {}) as Record<string, string>);
  const third = await house.as<Endpoint>('POST', path, { keepOldForHours: 0 });
  await house.decide('wipe');
  await settledLog(house, endpoint, 2);
  const [, next] = receiver.to('/rotated');
  const verify = (secret: string) => new StandardWebhook(secret).verify(next?.body ?? '', (next?.headers ?? {}) as Record<string, string>);
  verify(third.secret);
  expect(() => verify(second.secret)).toThrow();
});

test('a test is sent at once, to a disabled endpoint too, and says what came of it', async () => {
  const house = await openHouse();
  const endpoint = await house.addEndpoint('/test');
  const tryIt = () => house.as<WebhookTest>('POST', `/webhooks/endpoints/${endpoint.id}/test`);
  expect(await tryIt()).toEqual({ delivered: true, httpStatus: 200, error: null });
  expect(messageIn(receiver.to('/test')[0] as ReceivedCall)).toMatchObject({ type: 'webhook.test', data: { endpointId: endpoint.id } });
  await house.as('POST', `/webhooks/endpoints/${endpoint.id}/disable`);
  receiver.answer('/test', 404);
  expect(await tryIt()).toEqual({ delivered: false, httpStatus: 404, error: 'answered 404' });
});

test('nobody hears of another organisation', async () => {
  const [ours, theirs] = [await openHouse(), await openHouse()];
  const [mine, yours] = [await ours.addEndpoint('/mine'), await theirs.addEndpoint('/yours')];
  const [mineDecision, yourDecision] = [await ours.decide('wipe'), await theirs.decide('wipe')];
  await settledLog(ours, mine, 2);
  await settledLog(theirs, yours, 2);
  expect(receiver.to('/mine').every(({ body }) => body.includes(mineDecision.eventId))).toBe(true);
  expect(receiver.to('/yours').every(({ body }) => body.includes(yourDecision.eventId))).toBe(true);
  expect(JSON.stringify(receiver.to('/yours'))).not.toContain(mineDecision.eventId);
});

test('a chat decides a review in the name of its member, and what comes of it is told', async () => {
  const house = await openHouse();
  await house.keyOfMember('ann', 'Reviewer');
  const endpoint = await house.addEndpoint('/told', ['governance.review.decided']);
  const inbound = await house.as<{ id: string; secret: string; url: string }>('POST', '/webhooks/inbound-secrets', { name: 'chat', members: ['mem_ann'] });
  const { review } = await house.decide('transfer');
  const reviewId = review?.id ?? '';
  const raw = JSON.stringify({ type: 'review.decision', data: { reviewId, memberId: 'mem_ann', verb: 'approve' } });
  const [id, at] = [`msg_${randomUUID()}`, new Date()];
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new StandardWebhook(inbound.secret).sign(id, at, raw),
  };
  const send = () => product.call('POST', new URL(inbound.url).pathname, { key: '', body: raw, headers });
  expect(await send()).toMatchObject({ status: 200, body: { duplicate: false, reviewStatus: 'approved' } });
  expect(await send()).toMatchObject({ status: 200, body: { duplicate: true, reviewStatus: 'approved' } });
  const decided = await house.as<Review>('GET', `/hitl/reviews/${reviewId}`);
  expect(decided).toMatchObject({ status: 'approved', steps: [{ actor: 'mem_ann', via: `webhook:${inbound.id}` }] });
  await settledLog(house, endpoint, 1);
  expect(messageIn(receiver.to('/told')[0] as ReceivedCall)).toMatchObject({ data: { reviewId, status: 'approved', actor: 'mem_ann' } });
});
