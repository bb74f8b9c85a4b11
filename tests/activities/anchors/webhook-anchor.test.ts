import { createHmac } from 'node:crypto';
import type { ShownCheckpoint } from '../../../activities/anchors/anchor.ts';
import { createWebhookAnchor, type WebhookAnchorOptions } from '../../../activities/anchors/webhook-anchor.ts';
import { createGuardedFetch } from '../../../activities/outbound/guarded-fetch.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';

const AT_MS = Date.UTC(2030, 0, 1);
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const CHECKPOINT: ShownCheckpoint = {
  origin: 'guard.example/mg/deployment',
  number: 7,
  size: 12,
  note: 'text\n\n— guard.example/mg/deployment AAAAAAAA\n',
  anchoredSize: 0,
};

let receiver: WebhookReceiver;
const guarded = createGuardedFetch({ allowPrivate: ['127.0.0.0/8'], timeoutMs: 30_000 });
beforeAll(async () => {
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  guarded.close();
  await receiver.close();
});

const anchor = (changes: Partial<WebhookAnchorOptions> = {}) =>
  createWebhookAnchor({ url: `${receiver.url}/anchor`, secret: SECRET, fetch: guarded.fetch, now: () => AT_MS, ...changes });

test('the checkpoint arrives with an id that every try has, and a signature over id, time and body', async () => {
  const receipts = [await anchor().publish(CHECKPOINT), await anchor().publish(CHECKPOINT)];
  const [first, second] = receiver.to('/anchor');
  expect(JSON.parse(first?.body ?? '')).toEqual({
    type: 'deployment.checkpoint',
    timestamp: '2030-01-01T00:00:00.000Z',
    data: { origin: CHECKPOINT.origin, number: 7, size: 12, note: CHECKPOINT.note },
  });
  const id = String(first?.headers['webhook-id']);
  expect(second?.headers['webhook-id']).toBe(id);
  expect(receipts).toEqual([`200 ${id}`, `200 ${id}`]);
  const signed = createHmac('sha256', Buffer.alloc(24, 7))
    .update(`${id}.${AT_MS / 1_000}.${first?.body}`)
    .digest('base64');
  expect(first?.headers['webhook-signature']).toBe(`v1,${signed}`);
});

test('another checkpoint has another id', async () => {
  const ids = await Promise.all([7, 8].map((number) => anchor().publish({ ...CHECKPOINT, number })));
  expect(new Set(ids).size).toBe(2);
  expect(await anchor().publish({ ...CHECKPOINT, origin: 'other.example/mg/deployment' })).not.toBe(ids[0]);
});

test.each([
  [201, null],
  [204, null],
  [302, 'AnchorRefused'],
  [401, 'AnchorRefused'],
  [410, 'AnchorRefused'],
  [408, 'AnchorUnavailable'],
  [429, 'AnchorUnavailable'],
  [502, 'AnchorUnavailable'],
])('a receiver that answers %i', async (status, name) => {
  receiver.answer('/anchor', status);
  const published = anchor().publish(CHECKPOINT);
  if (name === null) expect(await published).toMatch(new RegExp(`^${status} ckp_`));
  else await expect(published).rejects.toMatchObject({ name, message: `answered ${status}` });
});

test('a receiver that is down is unavailable, and takes it when it is back', async () => {
  await receiver.down();
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name: 'AnchorUnavailable', message: 'no answer: network' });
  await receiver.up();
  expect(await anchor().publish(CHECKPOINT)).toMatch(/^200 /);
});

test('loopback is reached only where the operator allows it, and no error names the path or the secret', async () => {
  const strict = createGuardedFetch();
  const error = await anchor({ url: `${receiver.url}/secret-path`, fetch: strict.fetch })
    .publish(CHECKPOINT)
    .catch((caught: unknown) => caught as Error);
  strict.close();
  expect(error).toMatchObject({ name: 'AnchorRefused', code: 'rejected' });
  expect(String(error)).not.toMatch(/secret-path|whsec/);
  expect(receiver.to('/secret-path')).toEqual([]);
});
