import { randomBytes, randomUUID } from 'node:crypto';
import { createTakeStep } from '../../activities/review-step.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { createReviewRuns } from '../../workers/review-runs.ts';
import { decisionUpdate, ladderQuery } from '../../workflows/messages.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { addChannel, LOOPBACK, notificationsOf, REMINDING } from './notices.ts';
import { openStage, type Stage } from './stage.ts';
import { until } from '../support/until.ts';

const masterKey = randomBytes(32);
let stage: Stage;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  stage = await openStage({ masterKey, policy: REMINDING, outbound: LOOPBACK });
  await stage.open(['decision', 'hitl']);
});
afterAll(async () => {
  await stage.stop();
  await receiver.close();
});

test('the request that is asked in place of a withdrawn one is told of at once', async () => {
  const { orgId, vault, temporal: client } = stage;
  await addChannel(stage, masterKey, { orgId, url: `${receiver.url}/all`, occasions: ['asked'] });
  const sessionId = randomUUID();
  const ask = async () => {
    const input = stage.inputOf({ action: 'transfer', sessionId });
    const handle = await stage.start(input);
    const { review } = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
    await until(async () => (await handle.query(ladderQuery).catch(() => null)) !== null);
    return { handle, eventId: input.event.id, reviewId: review?.id ?? '' };
  };
  const first = await ask();
  const second = await ask();
  expect(await second.handle.query(ladderQuery)).toMatchObject({ joinedTo: first.reviewId });
  const runs = createReviewRuns({ client, vault, takeStep: createTakeStep({ vault, weigh: createWeigh({ vault, now: Date.now }), now: Date.now }) });
  await runs.withdraw({ orgId, reviewId: first.reviewId, eventId: first.eventId, kind: 'gate', requestId: 'req_w', actor: 'key:test' });
  expect(await first.handle.result()).toMatchObject({ review: { status: 'withdrawn' } });
  const [told] = await until(async () => {
    const rows = await notificationsOf(stage, orgId, second.reviewId);
    return rows.length > 0 && rows;
  });
  expect(told).toMatchObject({ occasion: 'asked', level: 0 });
  expect((await second.handle.query(ladderQuery))?.joinedTo).toBeUndefined();
  await second.handle.terminate('seen');
});
