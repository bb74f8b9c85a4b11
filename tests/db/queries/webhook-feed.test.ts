import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditEntry } from '../../../api/audit.ts';
import type { Sql } from '../../../db/client.ts';
import { findWebhookReplay, listWebhookDeliveries, openWebhookReplay, replayWebhookMessage } from '../../../db/queries/webhook-deliveries.ts';
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  findWebhookEndpoint,
} from '../../../db/queries/webhook-endpoints.ts';
import { feedWebhookReplay, listUnfedReplays, listUnstartedDeliveries } from '../../../db/queries/webhook-feed.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization } from '../../support/ledger-records.ts';

const MIGRATION = join(import.meta.dirname, '../../../db/migrations/0025_replays_end.sql');
const audit = () => auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let orgId: string;
let endpointId: string;
let replayId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});
/** One page of two is fed. */
beforeEach(async () => {
  [orgId, endpointId, replayId] = [await addOrganization(sql), `whe_${randomUUID()}`, `whr_${randomUUID()}`];
  const endpoint = { orgId, id: endpointId, name: 'test', types: [], config: Buffer.of(1), createdBy: 'system', most: 1, audit: audit() };
  expect(await createWebhookEndpoint(sql, endpoint)).toBe(true);
  const order = { orgId, replayId, endpointId, requestedBy: 'system', fromSeq: -1, untilSeq: 1, audit: audit() };
  expect(await openWebhookReplay(sql, { ...order, scope: 'all' })).toBe(true);
  expect(await feed(-1)).toBe(true);
});

const feed = (seq: number): Promise<boolean> => {
  const messages = [{ message_id: `msg_${seq}`, seq, type: 'policy.violated', occurred_at: new Date().toISOString() }] as const;
  return feedWebhookReplay(sql, { orgId, id: replayId, fromSeq: seq, untilSeq: seq + 1, messages });
};
const messages = async () => (await listWebhookDeliveries(sql, { orgId, endpointId, limit: 10 })).map(({ messageId, status }) => `${messageId} ${status}`);
const unstarted = async () => (await listUnstartedDeliveries(sql, { limit: 1_000 })).filter((each) => each.endpointId === endpointId);
const running = async () => (await listUnfedReplays(sql, { limit: 1_000 })).filter(({ id }) => id === replayId);
const endings = [
  ['disabled', disableWebhookEndpoint],
  ['deleted', deleteWebhookEndpoint],
] as const;

/** As migration 0020 left an endpoint that was switched off during a replay. */
async function leaveBehind(): Promise<void> {
  await admin`update webhook_replay set status = 'running', finished_at = null where id = ${replayId}`;
  await admin`update webhook_endpoint set missed_from = null where id = ${endpointId}`;
  await admin`update webhook_delivery set status = 'pending', finished_at = null where endpoint_id = ${endpointId}`;
}

test('a page that was read before its endpoint was disabled is not fed where that is enabled again: it goes on from now', async () => {
  await disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
  await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
  expect(await feed(0)).toBe(false);
  expect(await messages()).toEqual(['msg_-1 missed']);
  expect(await findWebhookEndpoint(sql, { orgId, endpointId })).toMatchObject({ missedFrom: 0 });
});

test('pages of a replay and switches of its endpoint at the same time do not wait for one another in a circle, and nothing is left waiting', async () => {
  for (let times = 0; times < 20; times += 1) {
    const order = { orgId, endpointId, requestedBy: 'system', fromSeq: 0, untilSeq: 1 };
    replayId = `whr_${randomUUID()}`;
    await openWebhookReplay(sql, { ...order, replayId, scope: 'all', audit: audit() });
    await Promise.all([feed(0), disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() }), feed(0)]);
    expect((await messages()).filter((each) => each.endsWith('pending'))).toEqual([]);
    expect(await running()).toEqual([]);
    await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit() });
  }
});

describe.each(endings)('for an endpoint that is %s', (_, end) => {
  beforeEach(async () => {
    expect(await unstarted()).toHaveLength(1);
    expect(await end(sql, { orgId, endpointId, audit: audit() })).toBe(true);
  });

  test('a replay ends, and its next page is not fed', async () => {
    expect(await feed(0)).toBe(false);
    expect(await messages()).toEqual(['msg_-1 missed']);
    expect(await findWebhookReplay(sql, { orgId, replayId })).toMatchObject({ status: 'finished', messages: 1, finishedAt: expect.any(Date) });
  });

  test('one message is not sent once more', async () => {
    const order = { orgId, replayId: `whr_${randomUUID()}`, endpointId, messageId: 'msg_-1', requestedBy: 'system', audit: audit() };
    expect(await replayWebhookMessage(sql, order)).toBe(false);
    expect(await messages()).toEqual(['msg_-1 missed']);
  });

  test('no run is started, whatever is left pending', async () => {
    await leaveBehind();
    expect(await messages()).toEqual(['msg_-1 pending']);
    expect(await unstarted()).toEqual([]);
  });

  test('a replay that is left running ends with its next page', async () => {
    await leaveBehind();
    expect(await feed(0)).toBe(false);
    expect([await messages(), await running()]).toEqual([['msg_-1 missed'], []]);
  });

  test('the migration puts right what an installed database holds', async () => {
    await leaveBehind();
    await admin.begin((tx) => tx.unsafe(readFileSync(MIGRATION, 'utf8')));
    expect([await messages(), await running()]).toEqual([['msg_-1 missed'], []]);
    const [row] = await admin<{ from: number }[]>`select missed_from as "from" from webhook_endpoint where id = ${endpointId}`;
    expect(row?.from).toBe(0);
  });
});
