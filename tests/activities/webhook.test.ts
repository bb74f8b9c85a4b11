import { randomUUID } from 'node:crypto';
import { createGuardedFetch, type GuardedFetchOptions } from '../../activities/outbound/guarded-fetch.ts';
import { createWebhookFeed } from '../../activities/webhook-feed.ts';
import { createWebhookActivities, type WebhookActivities, type WebhookRound, type WebhookTry } from '../../activities/webhook.ts';
import { drawWebhookKeys } from '../../api/access/webhook-keys.ts';
import { auditEntry } from '../../api/audit.ts';
import type { Sql } from '../../db/client.ts';
import { listAlerts } from '../../db/queries/alerts.ts';
import { listAuditEntries } from '../../db/queries/audit-trail.ts';
import { findWebhookReplay, listWebhookDeliveries, openWebhookReplay, replayWebhookMessage } from '../../db/queries/webhook-deliveries.ts';
import { createWebhookEndpoint, disableWebhookEndpoint, enableWebhookEndpoint, findWebhookEndpoint } from '../../db/queries/webhook-endpoints.ts';
import { listUnfedEndpoints, listUnfedReplays, listUnstartedDeliveries, noteDeliveriesStarted, pruneWebhooks } from '../../db/queries/webhook-feed.ts';
import { createWebhookSeals } from '../../db/webhook-seal.ts';
import type { WebhookEventType } from '../../schemas/webhook-event.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, sha256Hex } from '../support/ledger-records.ts';
import { createLedgerRuntime, type LedgerRuntime } from '../support/ledger-runtime.ts';
import { testVault } from '../support/vault.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { until } from '../support/until.ts';

const seal = createWebhookSeals(Buffer.alloc(32, 1)).endpoint;
const audit = () => auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });
const LOOPBACK: GuardedFetchOptions = { allowPrivate: ['127.0.0.0/8'], timeoutMs: 30_000 };

let database: TestDatabase;
let sql: Sql;
let runtime: LedgerRuntime;
let receiver: WebhookReceiver;
let orgId: string;
let clock = { offsetMs: 0 };
const fetchers: { close: () => void }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  runtime = createLedgerRuntime(testVault(sql));
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  for (const made of fetchers) made.close();
  await receiver.close();
  await database.drop();
});
beforeEach(async () => {
  orgId = await addOrganization(sql);
  clock = { offsetMs: 0 };
});

function open(options: GuardedFetchOptions = LOOPBACK): WebhookActivities {
  const guarded = createGuardedFetch(options);
  fetchers.push(guarded);
  return createWebhookActivities({ sql, seal, fetch: guarded.fetch, publicUrl: 'https://guard.example', now: () => Date.now() + clock.offsetMs });
}

async function addEndpoint(url: string, types: WebhookEventType[] = []): Promise<string> {
  const id = `whe_${randomUUID()}`;
  const config = seal.seal({ url, keys: [drawWebhookKeys()] }, { orgId, id });
  expect(await createWebhookEndpoint(sql, { orgId, id, name: 'test', types, config, createdBy: 'system', most: 20, audit: audit() })).toBe(true);
  return id;
}

async function decide(action: string, eventId: string = randomUUID()): Promise<void> {
  const event = { id: eventId, agentId: 'agent', action };
  const outcome = await runtime.decide({ orgId, event, digest: sha256Hex(eventId), requester: 'key:test', requestId: 'req_test', receivedAtMs: Date.now() });
  expect(outcome.kind).toBe('decided');
}

/** Feeds until nothing of this organisation waits. */
async function feedAll(pageSize?: number): Promise<void> {
  const feed = createWebhookFeed({ sql, publicUrl: 'https://guard.example', ...(pageSize && { pageSize }) });
  for (;;) {
    const [endpoints, replays] = [await listUnfedEndpoints(sql, { limit: 100 }), await listUnfedReplays(sql, { limit: 100 })];
    const ours = { endpoints: endpoints.filter((each) => each.orgId === orgId), replays: replays.filter((each) => each.orgId === orgId) };
    if (ours.endpoints.length + ours.replays.length === 0) return;
    for (const each of ours.endpoints) await feed.feedEndpoint(each);
    for (const each of ours.replays) await feed.feedReplay(each);
  }
}

const log = (endpointId: string) => listWebhookDeliveries(sql, { orgId, endpointId, limit: 100 });
const statuses = async (endpointId: string) => (await log(endpointId)).map(({ status }) => status);

/** One message that waits to be sent. */
async function pending(url: string): Promise<WebhookRound> {
  const endpointId = await addEndpoint(url, ['governance.decision.blocked']);
  await decide('destroy');
  await feedAll();
  const [delivery] = await log(endpointId);
  return { orgId, endpointId, messageId: delivery?.messageId ?? '', round: delivery?.round ?? 0 };
}

const note = (activities: WebhookActivities, round: WebhookRound, result: WebhookTry, nextInMs: number | null = 60_000): Promise<void> => {
  if (result.kind !== 'delivered' && result.kind !== 'failed') throw new Error(`the try was not made: ${result.kind}`);
  return activities.noteWebhook({ ...round, result, attempts: 1, nextInMs });
};

describe('the feed', () => {
  test.each([2_000, 1])('tells what comes after the endpoint, of the types it chose, once, with pages of %i entries', async (pageSize) => {
    await decide('destroy', 'before');
    const all = await addEndpoint(`${receiver.url}/all`);
    const few = await addEndpoint(`${receiver.url}/few`, ['governance.review.opened']);
    for (const action of ['look', 'destroy', 'ask']) await decide(action, action);
    await feedAll(pageSize);
    await feedAll(pageSize);
    expect((await log(all)).map(({ type }) => type).toSorted()).toEqual([
      'governance.decision.blocked',
      'governance.review.opened',
      'policy.violated',
      'policy.violated',
    ]);
    const [opened, ...rest] = await log(few);
    expect([opened?.type, rest.length]).toEqual(['governance.review.opened', 0]);
    expect((await log(all)).map(({ messageId }) => messageId)).toContain(opened?.messageId);
  });

  test('of two processes that read the same page, one moves the cursor', async () => {
    const endpointId = await addEndpoint(`${receiver.url}/two`);
    await decide('destroy');
    const [unfed] = (await listUnfedEndpoints(sql, { limit: 100 })).filter(({ id }) => id === endpointId);
    const feed = createWebhookFeed({ sql, publicUrl: '' });
    if (unfed === undefined) throw new Error('nothing waits');
    const moved = await Promise.all([feed.feedEndpoint(unfed), feed.feedEndpoint(unfed)]);
    expect(moved.filter((count) => count > 0)).toHaveLength(1);
    expect(await log(endpointId)).toHaveLength(2);
  });

  test('a delivery without a run is found until it has one, and again where the run is lost', async () => {
    const round = await pending(`${receiver.url}/unstarted`);
    const ours = async () => (await listUnstartedDeliveries(sql, { limit: 1_000 })).filter(({ endpointId }) => endpointId === round.endpointId);
    const found = await ours();
    expect(found).toMatchObject([round]);
    await noteDeliveriesStarted(sql, found);
    expect(await ours()).toEqual([]);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    try {
      await admin`update webhook_delivery set next_at = now() - interval '6 minutes' where org_id = ${orgId}`;
    } finally {
      await admin.end({ timeout: 1 });
    }
    expect(await ours()).toMatchObject([round]);
  });

  test('what was passed over while an endpoint was disabled is sent when it is asked for', async () => {
    const endpointId = await addEndpoint(`${receiver.url}/missed`, ['governance.decision.blocked']);
    await decide('destroy', 'waits');
    await feedAll();
    expect(await disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() })).toBe(true);
    expect(await statuses(endpointId)).toEqual(['missed']);
    await decide('destroy', 'meanwhile');
    await feedAll();
    expect(await log(endpointId)).toHaveLength(1);
    expect(await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() })).toBe(true);
    await decide('destroy', 'after');
    await feedAll();
    expect((await statuses(endpointId)).toSorted()).toEqual(['missed', 'pending']);
    expect((await findWebhookEndpoint(sql, { orgId, endpointId }))?.missedFrom).not.toBeNull();

    const replay = { orgId, replayId: `whr_${randomUUID()}`, endpointId, requestedBy: 'system', fromSeq: 0, untilSeq: Number.MAX_SAFE_INTEGER, audit: audit() };
    expect(await openWebhookReplay(sql, { ...replay, scope: 'missed' })).toBe(true);
    await feedAll(3);
    expect((await log(endpointId)).map(({ status, round }) => `${status} ${round}`).toSorted()).toEqual(['pending 1', 'pending 1', 'pending 2']);
    expect((await findWebhookEndpoint(sql, { orgId, endpointId }))?.missedFrom).toBeNull();
  });

  test('what has ended long ago is dropped, what waits is not', async () => {
    const round = await pending(`${receiver.url}/prune`);
    const activities = open();
    await pruneWebhooks(sql, { before: new Date(Date.now() + 86_400_000), limit: 1_000 });
    expect(await log(round.endpointId)).toHaveLength(1);
    await note(activities, round, await activities.sendWebhook(round));
    await pruneWebhooks(sql, { before: new Date(Date.now() - 86_400_000), limit: 1_000 });
    expect(await log(round.endpointId)).toHaveLength(1);
    await pruneWebhooks(sql, { before: new Date(Date.now() + 86_400_000), limit: 1_000 });
    expect(await log(round.endpointId)).toEqual([]);
  });

  test('a replay that has ended long ago is dropped, one that runs is not', async () => {
    const { endpointId } = await pending(`${receiver.url}/replays`);
    const replay = { orgId, endpointId, requestedBy: 'system', scope: 'all' as const, fromSeq: 0, untilSeq: Number.MAX_SAFE_INTEGER };
    const [replayId, later] = [`whr_${randomUUID()}`, new Date(Date.now() + 86_400_000)];
    await openWebhookReplay(sql, { ...replay, replayId, audit: audit() });
    await pruneWebhooks(sql, { before: later, limit: 1_000 });
    expect(await findWebhookReplay(sql, { orgId, replayId })).toMatchObject({ status: 'running' });
    await until(async () => {
      await feedAll();
      return (await findWebhookReplay(sql, { orgId, replayId }))?.status === 'finished';
    });
    await pruneWebhooks(sql, { before: new Date(Date.now() - 86_400_000), limit: 1_000 });
    expect(await findWebhookReplay(sql, { orgId, replayId })).toMatchObject({ status: 'finished' });
    await pruneWebhooks(sql, { before: later, limit: 1_000 });
    expect(await findWebhookReplay(sql, { orgId, replayId })).toBeUndefined();
  });

  test('a replay ends where its endpoint is disabled meanwhile, and its rest is missed until it is asked for', async () => {
    for (const eventId of ['one', 'two']) await decide('destroy', eventId);
    const endpointId = await addEndpoint(`${receiver.url}/ended`, ['governance.decision.blocked']);
    const order = { orgId, endpointId, requestedBy: 'system', fromSeq: 0, untilSeq: Number.MAX_SAFE_INTEGER };
    const [replayId, feed] = [`whr_${randomUUID()}`, createWebhookFeed({ sql, publicUrl: '', pageSize: 1 })];
    await openWebhookReplay(sql, { ...order, replayId, scope: 'all', audit: audit() });
    while ((await log(endpointId)).length === 0) for (const each of await listUnfedReplays(sql, { limit: 1 })) await feed.feedReplay(each);
    await disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
    await feedAll(1);
    await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
    await feedAll(1);
    expect(await statuses(endpointId)).toEqual(['missed']);
    expect(await findWebhookReplay(sql, { orgId, replayId })).toMatchObject({ status: 'finished', messages: 1 });
    await openWebhookReplay(sql, { ...order, replayId: `whr_${randomUUID()}`, scope: 'missed', audit: audit() });
    await feedAll(1);
    expect(await statuses(endpointId)).toEqual(['pending', 'pending']);
  });
});

describe('a try', () => {
  test.each([200, 204, 299])('answered %i is taken', async (status) => {
    const activities = open();
    const round = await pending(`${receiver.url}/ok-${status}`);
    receiver.answer(`/ok-${status}`, status);
    await note(activities, round, await activities.sendWebhook(round));
    expect(await statuses(round.endpointId)).toEqual(['delivered']);
    expect(await activities.sendWebhook(round)).toEqual({ kind: 'over' });
    expect(receiver.to(`/ok-${status}`)).toHaveLength(1);
  });

  test.each([301, 302, 307, 308, 400, 404, 500, 503])('answered %i is a failed one, and the endpoint says so', async (status) => {
    const activities = open();
    const path = `/bad-${status}`;
    const round = await pending(`${receiver.url}${path}`);
    receiver.answer(path, { status, headers: { location: `${receiver.url}/elsewhere` } });
    const result = await activities.sendWebhook(round);
    expect(result).toMatchObject({ kind: 'failed', http: status, error: `answered ${status}`, gone: false, final: false, throttles: false });
    await note(activities, round, result);
    expect((await log(round.endpointId))[0]).toMatchObject({ status: 'pending', attempts: 1, httpStatus: status, lastError: `answered ${status}` });
    expect(await findWebhookEndpoint(sql, { orgId, endpointId: round.endpointId })).toMatchObject({
      failingSince: expect.any(Date),
      lastError: `answered ${status}`,
    });
    // A second request to somewhere else would be one that nobody tested.
    expect(receiver.to('/elsewhere')).toEqual([]);
    await note(activities, round, await activities.sendWebhook(round));
    expect(await findWebhookEndpoint(sql, { orgId, endpointId: round.endpointId })).toMatchObject({ failingSince: null, lastError: null });
  });

  test('is the same message with the same id and body each time, whatever becomes of it', async () => {
    const activities = open();
    const round = await pending(`${receiver.url}/same`);
    receiver.answer('/same', 500, 500);
    for (let tries = 0; tries < 3; tries += 1) await activities.sendWebhook(round);
    const calls = receiver.to('/same');
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`)).size).toBe(1);
    expect(calls[0]?.headers['webhook-id']).toBe(round.messageId);
  });

  test('answered 410 disables the endpoint, on record and with an alert; nothing more is sent', async () => {
    const activities = open();
    const round = await pending(`${receiver.url}/gone`);
    await decide('destroy');
    await feedAll();
    receiver.answer('/gone', 410);
    const result = await activities.sendWebhook(round);
    await note(activities, round, result);
    await note(activities, round, result);
    const { endpointId } = round;
    expect((await statuses(endpointId)).toSorted()).toEqual(['failed', 'missed']);
    expect(await findWebhookEndpoint(sql, { orgId, endpointId })).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    expect(await activities.sendWebhook(round)).toEqual({ kind: 'over' });
    const entries = await listAuditEntries(sql, { orgId, beforeSeq: Number.MAX_SAFE_INTEGER, limit: 50, type: 'webhook.endpoint-gone' });
    expect(entries.map(({ body }) => JSON.parse(body ?? '{}').target)).toEqual([endpointId]);
    const alerts = await listAlerts(testVault(sql), { orgId, status: 'open', beforeId: undefined, limit: 50 });
    expect(alerts.map(({ cause, reasons, eventId }) => ({ cause, reasons: JSON.parse(reasons) as unknown, eventId }))).toEqual([
      { cause: 'webhook', reasons: [`${endpointId}: answered 410`], eventId: null },
    ]);
  });

  test('the last one gives the message up, on record and with one alert for however many', async () => {
    const activities = open();
    const first = await pending(`${receiver.url}/up`);
    await decide('destroy');
    await feedAll();
    receiver.answer('/up', 500, 500);
    for (const { messageId } of await log(first.endpointId)) {
      const round = { ...first, messageId };
      await note(activities, round, await activities.sendWebhook(round), null);
    }
    expect(await statuses(first.endpointId)).toEqual(['failed', 'failed']);
    expect(await listAuditEntries(sql, { orgId, beforeSeq: Number.MAX_SAFE_INTEGER, limit: 50, type: 'webhook.given-up' })).toHaveLength(2);
    expect(await listAlerts(testVault(sql), { orgId, status: 'open', beforeId: undefined, limit: 50 })).toHaveLength(1);
    expect((await findWebhookEndpoint(sql, { orgId, endpointId: first.endpointId }))?.status).toBe('enabled');
  });

  test.each([429, 502, 504])('answered %i holds everything for this endpoint back as long as it asks, and nothing for others', async (status) => {
    const activities = open();
    const path = `/slow-${status}`;
    const round = await pending(`${receiver.url}${path}`);
    receiver.answer(path, { status, headers: { 'retry-after': '120' } });
    const result = await activities.sendWebhook(round);
    expect(result).toMatchObject({ kind: 'failed', throttles: true, retryAfterMs: 120_000 });
    await note(activities, round, result);
    expect(await activities.sendWebhook(round)).toMatchObject({ kind: 'held' });
    expect(receiver.to(path)).toHaveLength(1);
    const other = await pending(`${receiver.url}/other-${status}`);
    expect(await activities.sendWebhook(other)).toMatchObject({ kind: 'delivered' });
    clock.offsetMs = 121_000;
    expect(await activities.sendWebhook(round)).toMatchObject({ kind: 'delivered' });
  });

  test('an endpoint that is slow takes four places, not all of them', async () => {
    const activities = open();
    const round = await pending(`${receiver.url}/held`);
    const release = receiver.hold('/held');
    const tries = Array.from({ length: 4 }, () => activities.sendWebhook(round));
    while (receiver.to('/held').length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await activities.sendWebhook(round)).toEqual({ kind: 'held', waitMs: 0 });
    release();
    expect((await Promise.all(tries)).map(({ kind }) => kind)).toEqual(Array.from({ length: 4 }, () => 'delivered'));
    expect(await activities.sendWebhook(round)).toMatchObject({ kind: 'delivered' });
  });

  test('a message that is sent anew is no business of the run before', async () => {
    const activities = open();
    const round = await pending(`${receiver.url}/anew`);
    const { endpointId, messageId } = round;
    const order = { orgId, replayId: `whr_${randomUUID()}`, endpointId, messageId, requestedBy: 'system', audit: audit() };
    expect(await replayWebhookMessage(sql, order)).toBe(true);
    expect(await activities.sendWebhook(round)).toEqual({ kind: 'over' });
    await note(activities, round, { kind: 'delivered', http: 200 });
    expect(await statuses(endpointId)).toEqual(['pending']);
    await note(activities, { ...round, round: 2 }, await activities.sendWebhook({ ...round, round: 2 }));
    expect(await statuses(endpointId)).toEqual(['delivered']);
    expect(receiver.to('/anew').map(({ headers }) => headers['webhook-id'])).toEqual([messageId]);
  });

  test.each([
    '127.0.0.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    'localhost',
  ])('to loopback written as %s is refused when it is made', async (host) => {
    const activities = open({});
    const round = await pending(`https://${host}/hook`);
    const result = await activities.sendWebhook(round);
    expect(result).toMatchObject({ kind: 'failed', http: null, error: 'refused: address-blocked' });
  });
});

test('tries that are noted, an endpoint that is switched off and on, starts and replays at the same time do not wait for one another in a circle', async () => {
  const activities = open();
  const endpointId = await addEndpoint(`${receiver.url}/crowd`);
  for (let count = 0; count < 15; count += 1) await decide('destroy');
  await feedAll();
  const rounds = (await log(endpointId)).map(({ messageId, round }) => ({ orgId, endpointId, messageId, round }));
  expect(rounds).toHaveLength(30);
  const failed = { kind: 'failed', http: 500, error: 'answered 500', gone: false, final: false, throttles: false, retryAfterMs: null } as const;
  const switching = async (): Promise<void> => {
    for (let times = 0; times < 10; times += 1) {
      await disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
      await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
      const order = { orgId, replayId: `whr_${randomUUID()}`, endpointId, requestedBy: 'system', audit: audit() };
      await openWebhookReplay(sql, { ...order, scope: 'all', fromSeq: 0, untilSeq: Number.MAX_SAFE_INTEGER });
      await feedAll();
    }
  };
  const noting = async (): Promise<void> => {
    for (let times = 0; times < 20; times += 1) {
      const current = (await log(endpointId)).map(({ messageId, round }) => ({ orgId, endpointId, messageId, round }));
      await Promise.all(current.map((round) => note(activities, round, failed)));
    }
  };
  const starting = async (): Promise<void> => {
    for (let times = 0; times < 30; times += 1) await noteDeliveriesStarted(sql, await listUnstartedDeliveries(sql, { limit: 100 }));
  };
  await Promise.all([switching(), noting(), noting(), starting(), starting()]);
  expect((await log(endpointId)).every(({ round }) => round > 1)).toBe(true);
});

test('another organisation can neither read nor send nor move what is ours', async () => {
  const round = await pending(`${receiver.url}/ours`);
  const theirs = await addOrganization(sql);
  const activities = open();
  const { endpointId, messageId } = round;
  expect(await listWebhookDeliveries(sql, { orgId: theirs, endpointId, limit: 10 })).toEqual([]);
  expect(await findWebhookEndpoint(sql, { orgId: theirs, endpointId })).toBeUndefined();
  expect(await activities.sendWebhook({ ...round, orgId: theirs })).toEqual({ kind: 'over' });
  expect(await disableWebhookEndpoint(sql, { orgId: theirs, endpointId, audit: audit() })).toBe(false);
  const order = { orgId: theirs, replayId: `whr_${randomUUID()}`, endpointId, messageId, requestedBy: 'system', audit: audit() };
  expect(await replayWebhookMessage(sql, order)).toBe(false);
  expect(await openWebhookReplay(sql, { ...order, replayId: `whr_${randomUUID()}`, scope: 'missed', fromSeq: 0, untilSeq: 9 })).toBe(false);
  expect(await statuses(endpointId)).toEqual(['pending']);
});
