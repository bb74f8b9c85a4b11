import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { NotificationRow } from '../../db/queries/notifications.ts';
import type { Product } from '../../workers/product.ts';
import type { governEvent } from '../../workflows/govern-event.ts';
import { deliverNotificationId, governEventId, notifyReviewersId } from '../../workflows/ids.ts';
import { decisionUpdate, ladderQuery, reviewUpdate } from '../../workflows/messages.ts';
import type { TestOrganization } from '../support/product.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { addChannel, LOOPBACK, notificationsOf, REMINDING } from './notices.ts';
import { eventNames } from './run-history.ts';
import { openStage, type Stage, voteOf } from './stage.ts';
import { until } from '../support/until.ts';

const masterKey = randomBytes(32);
let stage: Stage;
let receiver: WebhookReceiver;
let product: Product;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  stage = await openStage({ masterKey, policy: REMINDING, outbound: LOOPBACK });
  product = await stage.open(['decision', 'hitl']);
});
afterAll(async () => {
  await stage.stop();
  await receiver.close();
});

interface OpenReview {
  handle: WorkflowHandle<typeof governEvent>;
  reviewId: string;
  eventId: string;
  digest: string;
}

async function openReview(action: string, orgId: string): Promise<OpenReview> {
  const input = stage.inputOf({ action }, orgId);
  const handle = await stage.start(input);
  const { review } = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
  await until(async () => (await handle.query(ladderQuery).catch(() => null)) !== null);
  return { handle, reviewId: review?.id ?? '', eventId: input.event.id, digest: input.digest };
}
async function newOrganization(): Promise<TestOrganization> {
  const organization = await stage.addOrganization({ policy: REMINDING });
  await organization.keyOf('Reviewer');
  return organization;
}
const ended = (orgId: string, reviewId: string, count: number): Promise<NotificationRow[]> =>
  until(async () => {
    const rows = await notificationsOf(stage, orgId, reviewId);
    return rows.length >= count && rows.every(({ status }) => status !== 'pending') && rows;
  });
const occasionsAt = (path: string): string[] => receiver.to(path).map(({ body }) => (JSON.parse(body) as { type: string }).type.replace('hitl.review.', ''));

test('asked, reminded at growing distances, asked again one level up, and told how it ended', async () => {
  const { orgId } = await newOrganization();
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/all`, occasions: ['asked', 'reminded', 'decided'] });
  const { handle, reviewId } = await openReview('remind', orgId);
  await until(async () => occasionsAt('/all').filter((occasion) => occasion === 'asked').length === 2);
  await handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
  expect(await handle.result()).toMatchObject({ review: { status: 'approved' } });
  const rows = await ended(orgId, reviewId, 5);
  expect(rows.map(({ occasion, level }) => `${occasion} ${level}`).toSorted()).toEqual(['asked 0', 'asked 1', 'decided 1', 'reminded 0', 'reminded 0']);
  expect(rows.every(({ status, attempts }) => status === 'sent' && attempts === 1)).toBe(true);
});

test('without a channel a run starts no other one, and waits for nothing but its levels', async () => {
  const { orgId } = await newOrganization();
  const { handle } = await openReview('be_silent', orgId);
  await until(async () => (await handle.query(ladderQuery))?.level === 1);
  const names = await eventNames(handle);
  expect(names.filter((name) => name.includes('CHILD'))).toEqual([]);
  expect(names.filter((name) => name === 'TIMER_FIRED')).toHaveLength(1);
  await handle.terminate('seen');
});

test('a receiver that is down holds nothing up; the message arrives once it is back', async () => {
  const { orgId } = await newOrganization();
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/down`, occasions: ['decided'] });
  await receiver.down();
  const { handle, reviewId } = await openReview('transfer', orgId);
  await handle.executeUpdate(reviewUpdate, { args: [voteOf('reject')] });
  expect(await handle.result()).toMatchObject({ review: { status: 'rejected' } });
  const tried = await until(async () => {
    const rows = await notificationsOf(stage, orgId, reviewId);
    return rows[0]?.attempts === 1 && rows;
  });
  await receiver.up();
  expect(tried).toMatchObject([{ status: 'pending', lastError: 'no answer: network' }]);
  expect(await ended(orgId, reviewId, 1)).toMatchObject([{ status: 'sent', attempts: 2 }]);
  expect(occasionsAt('/down')).toEqual(['decided']);
});

test('a question that could not be asked in time is not asked after the decision', async () => {
  const { orgId } = await newOrganization();
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/late`, occasions: ['asked'] });
  receiver.answer('/late', 503);
  // The first try fails when it is decided, and not before: the second one must find that, however soon it comes.
  const release = receiver.hold('/late');
  const { handle, reviewId } = await openReview('transfer', orgId);
  await until(() => receiver.to('/late').length === 1);
  await handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
  release();
  expect(await ended(orgId, reviewId, 1)).toMatchObject([{ status: 'skipped', attempts: 2 }]);
  expect(receiver.to('/late')).toHaveLength(1);
});

test('410 ends the delivery with its first try', async () => {
  const { orgId } = await newOrganization();
  const channelId = await addChannel(stage, masterKey, { orgId, kind: 'slack', url: `${receiver.url}/gone`, occasions: ['asked'] });
  receiver.answer('/gone', 410);
  const { handle, reviewId } = await openReview('transfer', orgId);
  expect(await ended(orgId, reviewId, 1)).toMatchObject([{ status: 'failed', attempts: 1, lastError: 'answered 410' }]);
  const { askedAtMs = 0 } = (await handle.query(ladderQuery)) ?? {};
  const notice = { orgId, reviewId, occasion: 'asked' as const, level: 0, askedAtMs, round: 0 };
  const delivery = stage.temporal.workflow.getHandle(deliverNotificationId({ ...notice, channelId, memberId: null, notificationId: '' }));
  expect(await delivery.result()).toEqual({ status: 'failed', attempts: 1 });
  expect(await stage.temporal.workflow.getHandle(notifyReviewersId(notice)).result()).toEqual({ deliveries: 1 });
});

test('a run that is started again asks nobody twice', async () => {
  const { orgId } = await newOrganization();
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/again`, occasions: ['asked'] });
  const { handle, reviewId, eventId, digest } = await openReview('transfer', orgId);
  await ended(orgId, reviewId, 1);
  await handle.terminate('drill');
  const again = await stage.start({ ...stage.inputOf({ id: eventId, action: 'transfer' }, orgId), digest });
  await until(async () => (await again.query(ladderQuery).catch(() => null)) !== null);
  await until(async () => (await eventNames(again)).includes('START_CHILD_WORKFLOW_EXECUTION_FAILED'));
  await again.executeUpdate(reviewUpdate, { args: [voteOf('reject')] });
  expect(await stage.temporal.workflow.getHandle(governEventId(orgId, eventId)).result()).toMatchObject({ review: { status: 'rejected' } });
  expect(receiver.to('/again')).toHaveLength(1);
});

test('a delivery under way when its process ends is carried on by the next one', async () => {
  const { orgId } = await newOrganization();
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/waits`, occasions: ['decided'] });
  receiver.answer('/waits', 500);
  const { handle, reviewId } = await openReview('transfer', orgId);
  await handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
  await handle.result();
  await until(async () => (await notificationsOf(stage, orgId, reviewId))[0]?.attempts === 1);
  await product.stop();
  product = await stage.open(['decision', 'hitl']);
  expect(await ended(orgId, reviewId, 1)).toMatchObject([{ status: 'sent', attempts: 2 }]);
});
