import { createDelivery, type Parcel } from '../../activities/delivery.ts';
import { createGuardedFetch } from '../../activities/outbound/guarded-fetch.ts';
import { createMailer } from '../../activities/outbound/mailer.ts';
import { aNotice } from '../core/hitl/notices.ts';
import { type MailCatcher, startMailCatcher } from '../support/mail-catcher.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const AT_MS = Date.UTC(2030, 0, 1);
let mail: MailCatcher;
let receiver: WebhookReceiver;
let mailer: ReturnType<typeof createMailer>;
let deliver: ReturnType<typeof createDelivery>;
const guarded = createGuardedFetch({ allowPrivate: ['127.0.0.0/8'], timeoutMs: 30_000 });

beforeAll(async () => {
  [mail, receiver] = await Promise.all([startMailCatcher(), startWebhookReceiver()]);
  mailer = createMailer({ url: mail.url, from: 'MastGuard <reviews@mastguard.example>', allowPrivate: [mail.target] });
  deliver = createDelivery({ mailer, fetch: guarded.fetch, mailDomain: 'guard.example', now: () => AT_MS });
});
afterAll(async () => {
  mailer.close();
  guarded.close();
  await Promise.all([mail.close(), receiver.close()]);
});

const parcel = (changes: Partial<Parcel>): Parcel => ({
  id: 'ntf_1',
  kind: 'webhook',
  config: { url: `${receiver.url}/hook` },
  notice: aNotice(),
  address: null,
  ...changes,
});
const toMail = (changes: Partial<Parcel> = {}): Parcel => parcel({ kind: 'email', config: {}, address: 'ann@example.com', ...changes });

test('a mail has the link to decide and the id of its delivery; a repeated one has the same', async () => {
  expect(await deliver(toMail())).toEqual({ kind: 'sent' });
  expect(await deliver(toMail())).toEqual({ kind: 'sent' });
  const [first, second] = [await mail.next(), await mail.next()];
  expect(first.text).toContain('Decide: https://guard.example/decide?t=abc&v=1');
  expect([first.headers['message-id'], second.headers['message-id']]).toEqual(['<ntf_1@guard.example>', '<ntf_1@guard.example>']);
});

test.each([
  [550, true],
  [451, false],
])('a mail server that answers %i: permanent is %s, and the recipient is not in the error', async (code, permanent) => {
  mail.refuse(code);
  const result = await deliver(toMail());
  mail.refuse(null);
  expect(result).toEqual({ kind: 'failed', error: `the mail server answered ${code}`, permanent });
});

test('without a mail server nothing is sent, and trying again would change nothing', async () => {
  const without = createDelivery({ mailer: null, fetch: guarded.fetch, mailDomain: 'guard.example', now: () => AT_MS });
  expect(await without(toMail())).toEqual({ kind: 'failed', error: 'no mail server is configured', permanent: true });
  expect(await deliver(toMail({ address: null }))).toMatchObject({ permanent: true });
});

test.each([
  [200, null],
  [202, null],
  [301, true],
  [400, true],
  [404, true],
  [410, true],
  [408, false],
  [425, false],
  [429, false],
  [500, false],
  [503, false],
])('a receiver that answers %i', async (status, permanent) => {
  receiver.answer('/hook', status);
  expect(await deliver(parcel({}))).toEqual(permanent === null ? { kind: 'sent' } : { kind: 'failed', error: `answered ${status}`, permanent });
});

test('the shapes of the chats, and no link to decide in what several people read', async () => {
  const notice = aNotice({ decideUrl: null });
  await deliver(parcel({ kind: 'slack', config: { url: `${receiver.url}/slack` }, notice }));
  await deliver(parcel({ kind: 'teams', config: { url: `${receiver.url}/teams` }, notice }));
  expect(JSON.parse(receiver.to('/slack')[0]?.body ?? '')).toHaveProperty('blocks');
  expect(JSON.parse(receiver.to('/teams')[0]?.body ?? '')).toMatchObject({ type: 'message' });
});

test('a webhook without a secret has id and time and no signature', async () => {
  await deliver(parcel({ config: { url: `${receiver.url}/plain` } }));
  const [call] = receiver.to('/plain');
  expect(call?.headers).toMatchObject({ 'webhook-id': 'ntf_1', 'webhook-timestamp': String(AT_MS / 1_000) });
  expect(call?.headers['webhook-signature']).toBeUndefined();
});

test('errors name neither host nor path: not of a server that is down, not of a target that is refused', async () => {
  await receiver.down();
  const down = await deliver(parcel({ config: { url: `${receiver.url}/secret-path` } }));
  await receiver.up();
  expect(down).toEqual({ kind: 'failed', error: 'no answer: network', permanent: false });
  const strict = createGuardedFetch({});
  const refused = createDelivery({ mailer: null, fetch: strict.fetch, mailDomain: 'guard.example', now: () => AT_MS });
  expect(await refused(parcel({ config: { url: 'https://127.0.0.1/secret-path' } }))).toEqual({
    kind: 'failed',
    error: 'refused: address-blocked',
    permanent: true,
  });
  strict.close();
});
