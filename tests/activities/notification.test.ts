import { randomUUID } from 'node:crypto';
import type { DeliveryResult, Parcel } from '../../activities/delivery.ts';
import { createNotificationActivities, type NoticeRequest, type NotificationActivities } from '../../activities/notification.ts';
import { auditEntry } from '../../api/audit.ts';
import { createChannelSeal } from '../../db/channel-seal.ts';
import type { Sql } from '../../db/client.ts';
import { createChannel, disableChannel } from '../../db/queries/channels.ts';
import { createMember } from '../../db/queries/members.ts';
import { isReviewLinkSpent, listNotifications, spendReviewLink } from '../../db/queries/notifications.ts';
import { loadReviewLadder } from '../../db/queries/review-steps.ts';
import type { ChannelKind, NoticeOccasion } from '../../schemas/channel.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization, sha256Hex } from '../support/ledger-records.ts';
import { createLedgerRuntime, type LedgerRuntime } from '../support/ledger-runtime.ts';
import { testVault } from '../support/vault.ts';

const SECRET_URL = 'https://hooks.example.com/secret';
const seal = createChannelSeal(Buffer.alloc(32, 1));
const audit = () => auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });

let database: TestDatabase;
let sql: Sql;
let runtime: LedgerRuntime;
let orgId: string;
/** What was handed over, and how the next one ends. */
let parcels: Parcel[];
let result: DeliveryResult;
let activities: NotificationActivities;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  runtime = createLedgerRuntime(testVault(sql));
  activities = openActivities();
});
afterAll(() => database.drop());
beforeEach(async () => {
  orgId = await addOrganization(sql);
  runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: 3_600_000 }], outcome: 'block' };
  for (const id of ['ann', 'bob']) {
    await createMember(sql, { orgId, id, email: `${id}@example.com`, name: id, role: 'Reviewer', groups: [], passwordHash: null, audit: audit() });
  }
  parcels = [];
  result = { kind: 'sent' };
});

const openActivities = () =>
  createNotificationActivities({
    vault: testVault(sql),
    seal,
    async deliver(parcel) {
      parcels.push(parcel);
      return result;
    },
    decideUrl: ({ memberId, digest, expiresAtMs }, purpose) => `https://guard.example/review/${memberId}/${digest}/${expiresAtMs}/${purpose}`,
    publicUrl: 'https://guard.example',
    now: Date.now,
  });

async function addChannel(kind: ChannelKind, occasions: NoticeOccasion[] = ['asked', 'reminded', 'decided']): Promise<string> {
  const id = `chn_${randomUUID()}`;
  const config = seal.seal(kind === 'email' ? {} : { url: SECRET_URL }, { orgId, id });
  await createChannel(sql, { orgId, id, kind, name: kind, config, occasions, createdBy: 'system', audit: audit() });
  return id;
}

async function ask(requester = 'key:test'): Promise<NoticeRequest> {
  const id = randomUUID();
  const outcome = await runtime.decide({
    orgId,
    event: { id, agentId: 'a', action: 'ask' },
    digest: sha256Hex(id),
    requester,
    requestId: 'req_test',
    receivedAtMs: Date.now(),
  });
  const reviewId = outcome.kind === 'decided' ? (outcome.decision.review?.id ?? '') : '';
  const row = await loadReviewLadder(testVault(sql), { orgId, reviewId });
  return { orgId, reviewId, occasion: 'asked', level: 0, askedAtMs: row?.state.openedAtMs ?? 0, round: 0 };
}
const vote = (request: NoticeRequest, memberId: string, verb: 'approve' | 'reject' = 'approve') =>
  runtime.review({ orgId, reviewId: request.reviewId, eventId: '', kind: 'gate', memberId, via: 'session', verb, requestId: randomUUID() });
const plan = async (request: NoticeRequest) => (await activities.planDeliveries(request)).map(({ channelId, memberId }) => [channelId, memberId]);

describe('planning', () => {
  test('one delivery to each person by e-mail, one to each chat; the same again changes nothing', async () => {
    const [email, slack] = [await addChannel('email'), await addChannel('slack')];
    const request = await ask();
    const first = await activities.planDeliveries(request);
    expect(new Set(first.map(({ channelId, memberId }) => `${channelId} ${memberId}`))).toEqual(new Set([`${email} ann`, `${email} bob`, `${slack} null`]));
    expect(await activities.planDeliveries(request)).toEqual(first);
    expect(await listNotifications(sql, { orgId, reviewId: request.reviewId, limit: 99 })).toHaveLength(3);
    const reminder = await activities.planDeliveries({ ...request, occasion: 'reminded', round: 1 });
    expect(new Set([...first, ...reminder].map(({ notificationId }) => notificationId)).size).toBe(6);
  });

  test('over channels in use that tell of the occasion, and no other', async () => {
    await addChannel('slack', ['decided']);
    const off = await addChannel('slack');
    await disableChannel(sql, { orgId, channelId: off, audit: audit() });
    expect(await plan(await ask())).toEqual([]);
  });

  test('nobody who has voted, and nobody on their own request', async () => {
    const email = await addChannel('email');
    const request = await ask();
    await vote(request, 'ann');
    expect(await plan(request)).toEqual([[email, 'bob']]);
    expect(await plan(await ask('member:ann'))).toEqual([[email, 'bob']]);
  });

  test('nothing about an asking that is over; its end goes to everybody', async () => {
    const email = await addChannel('email');
    const request = await ask();
    expect(await plan({ ...request, askedAtMs: request.askedAtMs - 1 })).toEqual([]);
    expect(await plan({ ...request, occasion: 'decided' })).toEqual([]);
    await vote(request, 'ann', 'reject');
    expect(await plan(request)).toEqual([]);
    expect(await plan({ ...request, occasion: 'decided' })).toEqual([
      [email, 'ann'],
      [email, 'bob'],
    ]);
  });

  test('nothing about a review of another organisation', async () => {
    await addChannel('slack');
    const request = await ask();
    orgId = await addOrganization(sql);
    await addChannel('slack');
    expect(await plan({ ...request, orgId })).toEqual([]);
  });

  test('a run is told to announce only where the organisation has a channel', async () => {
    const { reviewId } = await ask();
    expect(await loadReviewLadder(testVault(sql), { orgId, reviewId })).toMatchObject({ hasChannel: false });
    const id = await addChannel('email');
    expect(await loadReviewLadder(testVault(sql), { orgId, reviewId })).toMatchObject({ hasChannel: true });
    await disableChannel(sql, { orgId, channelId: id, audit: audit() });
    expect(await loadReviewLadder(testVault(sql), { orgId, reviewId })).toMatchObject({ hasChannel: false });
  });
});

describe('sending', () => {
  test('a person gets a link of their own, bound to the action and the end of the review; a chat gets none', async () => {
    await addChannel('email');
    await addChannel('slack');
    const request = await ask();
    const review = await loadReviewLadder(testVault(sql), { orgId, reviewId: request.reviewId });
    for (const delivery of await activities.planDeliveries(request)) expect(await activities.sendNotice(delivery)).toEqual({ kind: 'sent' });
    const toAnn = parcels.find(({ address }) => address === 'ann@example.com');
    expect(toAnn?.notice.decideUrl).toBe(`https://guard.example/review/ann/${review?.actionDigest}/${review?.expiresAtMs}/${toAnn?.id}`);
    expect(parcels.find(({ kind }) => kind === 'slack')).toMatchObject({ address: null, config: { url: SECRET_URL }, notice: { decideUrl: null } });
  });

  test('is skipped where the review is decided, the person has voted, or the channel is gone meanwhile', async () => {
    const email = await addChannel('email');
    const request = await ask();
    const [toAnn, toBob] = await activities.planDeliveries(request);
    await vote(request, 'ann');
    expect(await activities.sendNotice(toAnn as never)).toEqual({ kind: 'skipped' });
    await disableChannel(sql, { orgId, channelId: email, audit: audit() });
    expect(await activities.sendNotice(toBob as never)).toEqual({ kind: 'skipped' });
    await addChannel('email');
    const [again] = await activities.planDeliveries(request);
    await vote(request, 'bob');
    expect(await activities.sendNotice(again as never)).toEqual({ kind: 'skipped' });
    expect(parcels).toEqual([]);
  });

  test('a failed try is noted and stays open; what has ended stays as it ended', async () => {
    await addChannel('slack');
    const request = await ask();
    const [delivery] = await activities.planDeliveries(request);
    const { notificationId } = delivery ?? { notificationId: '' };
    const stands = async () => (await listNotifications(sql, { orgId, reviewId: request.reviewId, limit: 9 }))[0];
    await activities.noteDelivery({ orgId, notificationId, status: 'pending', attempts: 1, error: 'answered 503' });
    expect(await stands()).toMatchObject({ status: 'pending', attempts: 1, lastError: 'answered 503', finishedAt: null });
    await activities.noteDelivery({ orgId, notificationId, status: 'sent', attempts: 2, error: null });
    await activities.noteDelivery({ orgId, notificationId, status: 'failed', attempts: 3, error: 'late' });
    expect(await stands()).toMatchObject({ status: 'sent', attempts: 2, lastError: 'answered 503' });
    expect((await stands())?.finishedAt).toBeInstanceOf(Date);
  });

  test('a test goes to whoever asks, and says what came of it', async () => {
    const channelId = await addChannel('email');
    const request = { orgId, channelId, memberId: 'ann', testId: 'req_1' };
    expect(await activities.sendTest(request)).toEqual({ delivered: true, error: null });
    expect(parcels[0]).toMatchObject({ address: 'ann@example.com', notice: { status: 'test', decideUrl: null } });
    result = { kind: 'failed', error: 'answered 503', permanent: false };
    expect(await activities.sendTest(request)).toEqual({ delivered: false, error: 'answered 503' });
    expect(await activities.sendTest({ ...request, channelId: 'chn_none' })).toEqual({ delivered: false, error: 'the channel is disabled' });
  });
});

test('a link is spent once, in its own organisation', async () => {
  const use = { orgId, linkId: 'link', reviewId: 'rev_1', memberId: 'ann' };
  expect(await isReviewLinkSpent(sql, use)).toBe(false);
  expect(await Promise.all([spendReviewLink(sql, use), spendReviewLink(sql, use)])).toEqual(expect.arrayContaining([true, false]));
  expect(await isReviewLinkSpent(sql, use)).toBe(true);
  expect(await isReviewLinkSpent(sql, { ...use, orgId: await addOrganization(sql) })).toBe(false);
});
