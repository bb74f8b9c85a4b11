import { createHmac, randomUUID } from 'node:crypto';
import type { Channel, ChannelTest, Notification } from '../../schemas/channel.ts';
import type { Review } from '../../schemas/review.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { type MailCatcher, startMailCatcher } from '../support/mail-catcher.ts';
import { startTestProduct, type TestOrganization, type TestProduct } from '../support/product.ts';
import type { CaughtMail } from '../support/read-mail.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const REMIND_MS = 3_000;
const rule = (action: string, levels: object[]): PolicySet['rules'][number] =>
  ({ id: action, priority: 100, when: { actions: [action] }, effect: 'hitl', review: { levels }, reason: `${action} is decided by people` }) as never;
const POLICY: PolicySet = {
  rules: [
    rule('single', [{ reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS }]),
    rule('climbing', [
      { reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS },
      { reviewers: { roles: ['Owner'] }, withinMs: HOUR_MS },
    ]),
    rule('reminding', [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: 14_000, remindEveryMs: REMIND_MS }]),
  ],
};

let mail: MailCatcher;
let receiver: WebhookReceiver;
let product: TestProduct;
beforeAll(async () => {
  [mail, receiver] = await Promise.all([startMailCatcher(), startWebhookReceiver()]);
  product = await startTestProduct({
    outbound: { mail: { url: mail.url, from: 'MastGuard <reviews@mastguard.example>' }, allow: [mail.target, '127.0.0.0/8'] },
  });
});
afterAll(async () => {
  await product.stop();
  await Promise.all([mail.close(), receiver.close()]);
});

interface House extends TestOrganization {
  as: <T>(method: string, path: string, body?: unknown, key?: string) => Promise<{ status: number; body: T }>;
  ask: (action: string) => Promise<string>;
  addChannel: (channel: object) => Promise<Channel>;
  notifications: (reviewId: string) => Promise<Notification[]>;
}

/** An organisation with two reviewers and an owner. */
async function openHouse(): Promise<House> {
  const organization = await product.addOrganization({ policy: POLICY });
  await Promise.all([organization.keyOfMember('ann', 'Reviewer'), organization.keyOfMember('bob', 'Reviewer'), organization.keyOfMember('ola', 'Owner')]);
  const as: House['as'] = (method, path, body, key = organization.apiKey) =>
    product.call(method, path, { key, ...(body === undefined ? {} : { body }) }) as never;
  return {
    ...organization,
    as,
    async ask(action) {
      const { review } = await product.decide(
        { id: randomUUID(), agentId: 'treasury', action, tool: { name: action, args: { amount: 4_711 } } },
        { key: organization.apiKey },
      );
      return review?.id ?? '';
    },
    async addChannel(channel) {
      const { status, body } = await as<Channel>('POST', '/api/v1/hitl/channels', { name: 'test', ...channel });
      if (status !== 201) throw new Error(`the channel was answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    notifications: async (reviewId) => (await as<{ data: Notification[] }>('GET', `/api/v1/hitl/reviews/${reviewId}/notifications`)).body.data,
  };
}

const mailsAbout = (reviewId: string): CaughtMail[] => mail.messages.filter(({ text }) => text.includes(reviewId));
const nameOf = ({ to }: CaughtMail): string => to[0]?.split('-')[0] ?? '';
const linkIn = ({ text }: CaughtMail): string => /Decide: (\S+)/.exec(text)?.[1] ?? '';
/** The product believes in its public URL; the test reaches it where it listens. */
const pageOf = (link: string): string => product.apiUrl + new URL(link).pathname;

describe('by mail', () => {
  test('everybody who may decide is asked, and the link decides once, in the name of its reader', async () => {
    const house = await openHouse();
    await house.addChannel({ kind: 'email', occasions: ['asked', 'decided'] });
    const reviewId = await house.ask('single');
    const mails = await until(async () => mailsAbout(reviewId).length === 2 && mailsAbout(reviewId));
    expect(mails.map(nameOf).toSorted()).toEqual(['ann', 'bob']);
    const toAnn = mails.find(({ to }) => to[0]?.startsWith('ann'));
    const page = pageOf(linkIn(toAnn as CaughtMail));

    for (const method of ['HEAD', 'GET', 'GET']) expect((await fetch(page, { method })).status).toBe(200);
    const read = async () => (await house.as<Review>('GET', `/api/v1/hitl/reviews/${reviewId}`)).body;
    expect(await read()).toMatchObject({ status: 'pending', steps: [] });

    const answered = await fetch(page, { method: 'POST', body: new URLSearchParams({ verb: 'approve', reason: 'known' }) });
    expect(await answered.text()).toContain('your decision is on record: approve');
    const review = await read();
    expect(review).toMatchObject({ status: 'approved', steps: [{ step: 'approve', actor: 'mem_ann', reason: 'known' }] });
    expect(review.steps[0]?.via).toMatch(/^link:[\w-]{22}$/);
    const again = await fetch(page, { method: 'POST', body: new URLSearchParams({ verb: 'reject' }) });
    expect([again.status, await read()]).toEqual([409, review]);

    await until(async () => mailsAbout(reviewId).filter(({ subject }) => subject.startsWith('Review decided: approved')).length === 2);
    const told = mailsAbout(reviewId).filter(({ subject }) => subject.startsWith('Review decided'));
    expect(told.map(linkIn)).toEqual(['', '']);
    const deliveries = await until(async () => {
      const list = await house.notifications(reviewId);
      return list.every(({ status }) => status === 'sent') && list;
    });
    expect(deliveries.map(({ occasion, memberId }) => `${occasion} ${memberId}`).toSorted()).toEqual([
      'asked mem_ann',
      'asked mem_bob',
      'decided mem_ann',
      'decided mem_bob',
    ]);
    expect(JSON.stringify(deliveries)).not.toContain('@');
  });

  test('the next level is asked when its turn has come; a deputy is asked as well', async () => {
    const house = await openHouse();
    await house.addChannel({ kind: 'email' });
    await house.keyOfMember('dee', 'Admin');
    const endsAt = new Date(Date.now() + HOUR_MS).toISOString();
    expect((await house.as('POST', '/api/v1/hitl/delegations', { to: 'mem_dee', endsAt }, await house.keyOfMember('ola', 'Owner'))).status).toBe(201);
    const reviewId = await house.ask('climbing');
    await until(async () => mailsAbout(reviewId).length === 2);
    expect(mailsAbout(reviewId).map(nameOf).toSorted()).toEqual(['ann', 'bob']);
    await house.as('POST', `/api/v1/hitl/reviews/${reviewId}/decision`, { verb: 'escalate' }, await house.keyOfMember('ann', 'Reviewer'));
    const expected = ['ann', 'bob', 'dee', 'ola'];
    await until(async () => mailsAbout(reviewId).length === expected.length);
    expect(mailsAbout(reviewId).map(nameOf).toSorted()).toEqual(expected);
  });

  test('whoever has not voted is reminded, each time after a longer wait; all are told that the time is over', async () => {
    const house = await openHouse();
    await house.addChannel({ kind: 'email', occasions: ['reminded', 'expired'] });
    const ann = await house.keyOfMember('ann', 'Reviewer');
    const askAndVote = async (): Promise<string> => {
      const startMs = Date.now();
      const asked = await house.ask('reminding');
      await house.as('POST', `/api/v1/hitl/reviews/${asked}/decision`, { verb: 'approve' }, ann);
      // Where the machine was so slow that she may have been reminded before she voted, she is asked anew.
      return Date.now() - startMs < REMIND_MS ? asked : askAndVote();
    };
    const reviewId = await askAndVote();
    await until(async () => mailsAbout(reviewId).filter(({ subject }) => subject.startsWith('Review expired')).length === 2);
    const reminded = (await house.notifications(reviewId)).filter(({ occasion }) => occasion === 'reminded');
    // After three seconds and after nine.
    expect(reminded.map(({ memberId }) => memberId)).toEqual(['mem_bob', 'mem_bob']);
  });

  test('a mail server that refuses for good ends the delivery, and the review goes on', async () => {
    const house = await openHouse();
    await house.addChannel({ kind: 'email', occasions: ['asked'] });
    mail.refuse(550);
    const reviewId = await house.ask('single');
    const failed = await until(async () => {
      const list = await house.notifications(reviewId);
      return list.length === 2 && list.every(({ status }) => status === 'failed') && list;
    });
    mail.refuse(null);
    expect(failed).toMatchObject([{ attempts: 1, lastError: 'the mail server answered 550' }, { attempts: 1 }]);
    const vote = await house.as<Review>('POST', `/api/v1/hitl/reviews/${reviewId}/decision`, { verb: 'approve' }, await house.keyOfMember('ann', 'Reviewer'));
    expect(vote.body.status).toBe('approved');
  });
});

describe('by webhook', () => {
  const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const PATH = '/hooks/very-secret-path';

  test('a message is thin, signed, and its URL is never shown again', async () => {
    const house = await openHouse();
    const channel = await house.addChannel({ kind: 'webhook', config: { url: `${receiver.url}${PATH}`, secret: SECRET } });
    expect(channel).toMatchObject({ host: new URL(receiver.url).host, signed: true });
    const reviewId = await house.ask('single');
    const call = await until(async () => receiver.to(PATH).find(({ body }) => body.includes(reviewId)));
    expect(JSON.parse(call.body)).toMatchObject({ type: 'hitl.review.asked', data: { reviewId, status: 'pending' } });
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = call.headers;
    expect(signature).toBe(
      `v1,${createHmac('sha256', Buffer.alloc(32, 5))
        .update(`${String(id)}.${String(at)}.${call.body}`)
        .digest('base64')}`,
    );
    for (const path of ['/api/v1/hitl/channels', `/api/v1/hitl/reviews/${reviewId}/notifications`]) {
      const { body } = await house.as('GET', path);
      expect(JSON.stringify(body)).not.toContain('secret-path');
      expect(JSON.stringify(body)).not.toContain(SECRET);
    }
    const rows = await product.sql.begin(async (tx) => {
      await tx`select set_config('mg.org_id', ${house.orgId}, true)`;
      return tx<{ text: string }[]>`
        select encode(config, 'escape') as text from notification_channel where org_id = ${house.orgId}
        union all select body from audit_records where org_id = ${house.orgId}`;
    });
    expect(rows.map(({ text }) => text).join()).not.toMatch(/secret-path|whsec_/);
  });

  test('a receiver that fails at first, or says never again: tried once more, given up at once', async () => {
    const house = await openHouse();
    await house.addChannel({ kind: 'webhook', occasions: ['asked'], config: { url: `${receiver.url}/flaky` } });
    await house.addChannel({ kind: 'slack', occasions: ['asked'], config: { url: `${receiver.url}/gone` } });
    receiver.answer('/flaky', 503);
    receiver.answer('/gone', 410);
    const reviewId = await house.ask('single');
    const deliveries = await until(async () => {
      const list = await house.notifications(reviewId);
      return list.length === 2 && list.every(({ status }) => status !== 'pending') && list;
    });
    expect(deliveries.map(({ status, attempts, lastError }) => ({ status, attempts, lastError })).toSorted((a, b) => a.attempts - b.attempts)).toEqual([
      { status: 'failed', attempts: 1, lastError: 'answered 410' },
      { status: 'sent', attempts: 2, lastError: 'answered 503' },
    ]);
    const [first, second] = receiver.to('/flaky');
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  test('a test says what came of it, at once; a disabled channel is gone', async () => {
    const house = await openHouse();
    const { id } = await house.addChannel({ kind: 'teams', config: { url: `${receiver.url}/teams` } });
    const tryIt = () => house.as<ChannelTest & { code: string }>('POST', `/api/v1/hitl/channels/${id}/test`);
    expect((await tryIt()).body).toEqual({ delivered: true, error: null });
    receiver.answer('/teams', 404);
    expect((await tryIt()).body).toEqual({ delivered: false, error: 'answered 404' });
    expect((await house.as('DELETE', `/api/v1/hitl/channels/${id}`)).status).toBe(204);
    expect((await tryIt()).body.code).toBe('not-found');
    expect((await house.as<{ data: Channel[] }>('GET', '/api/v1/hitl/channels')).body.data).toEqual([]);
  });

  test('private addresses that nobody allowed are refused when a message is sent, and nothing is sent', async () => {
    const house = await openHouse();
    const { id } = await house.addChannel({ kind: 'webhook', config: { url: 'http://169.254.169.254/latest/meta-data' } });
    expect((await house.as('POST', `/api/v1/hitl/channels/${id}/test`)).body).toEqual({ delivered: false, error: 'refused: address-blocked' });
    const other = await house.addChannel({ kind: 'webhook', config: { url: 'https://10.0.0.1/hook' } });
    expect((await house.as('POST', `/api/v1/hitl/channels/${other.id}/test`)).body).toEqual({ delivered: false, error: 'refused: address-blocked' });
  });
});
