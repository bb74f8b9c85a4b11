import { createPublicKey, verify } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { signedHeaders } from '../../../activities/outbound/webhook-signature.ts';
import { drawWebhookKeys } from '../../../api/access/webhook-keys.ts';

const BODY = JSON.stringify({ type: 'policy.violated', timestamp: '2030-01-01T00:00:00.000Z', data: { text: 'Grüße €' } });
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
const [newer, older] = [drawWebhookKeys(), drawWebhookKeys()];
const headersOf = (keys = [newer], atSeconds = nowSeconds()): Record<string, string> => signedHeaders({ id: 'msg_1', body: BODY, atSeconds, keys });

/** Of Ed25519, from `whpk_…`. */
function isSignedBy(publicKey: string, headers: Record<string, string>): boolean {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const text = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${BODY}`);
  const signatures = (headers['webhook-signature'] ?? '').split(' ').flatMap((each) => (each.startsWith('v1a,') ? [each.slice(4)] : []));
  return signatures.some((signature) => verify(null, text, key, Buffer.from(signature, 'base64')));
}

describe.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('%s', (_library, Webhook) => {
  test('takes our messages, with the asymmetric signature beside its own', () => {
    expect(new Webhook(newer.secret).verify(BODY, headersOf())).toEqual(JSON.parse(BODY));
  });

  test('takes them under the old and under the new secret while the two are exchanged', () => {
    for (const { secret } of [newer, older]) expect(new Webhook(secret).verify(BODY, headersOf([newer, older]))).toEqual(JSON.parse(BODY));
  });

  test('refuses another body, another secret and an old message', () => {
    expect(() => new Webhook(newer.secret).verify(`${BODY} `, headersOf())).toThrow();
    expect(() => new Webhook(older.secret).verify(BODY, headersOf())).toThrow();
    expect(() => new Webhook(newer.secret).verify(BODY, headersOf([newer], nowSeconds() - 301))).toThrow();
  });

  test('signs as we do', () => {
    const atSeconds = nowSeconds();
    expect(headersOf([newer], atSeconds)['webhook-signature']?.split(' ')[0]).toBe(new Webhook(newer.secret).sign('msg_1', new Date(atSeconds * 1_000), BODY));
  });
});

test('the asymmetric signature is checked with the public key alone, the old one as well during the exchange', () => {
  expect(isSignedBy(newer.publicKey, headersOf())).toBe(true);
  expect(isSignedBy(older.publicKey, headersOf())).toBe(false);
  expect(isSignedBy(older.publicKey, headersOf([newer, older]))).toBe(true);
  expect(isSignedBy(newer.publicKey, { ...headersOf(), 'webhook-id': 'msg_2' })).toBe(false);
});

test('one header says it all for whoever takes only one', () => {
  const headers = headersOf([newer, older]);
  const macs = (headers['webhook-signature'] ?? '').split(' ').flatMap((each) => (each.startsWith('v1,') ? [each.slice(3)] : []));
  expect(macs).toHaveLength(2);
  expect(headers['x-mastguard-signature']).toBe(`t=${headers['webhook-timestamp']},id=msg_1,v1=${macs[0]},v1=${macs[1]}`);
});

test('keys are of the length that the standard asks for, and never the same', () => {
  const keys = Array.from({ length: 5 }, drawWebhookKeys);
  for (const { secret, signingKey, publicKey } of keys) {
    for (const key of [secret, signingKey, publicKey]) expect(Buffer.from(key.replace(/^wh(?:sec|sk|pk)_/, ''), 'base64')).toHaveLength(32);
  }
  expect(new Set(keys.flatMap(({ secret, signingKey }) => [secret, signingKey])).size).toBe(10);
});
