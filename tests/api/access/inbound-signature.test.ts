import { Webhook as StandardWebhook } from 'standardwebhooks';
import { isTimely, signerOf } from '../../../api/access/inbound-signature.ts';
import { drawWebhookSecret } from '../../../api/access/webhook-keys.ts';

const NOW = Date.UTC(2030, 0, 1);
const AT = String(NOW / 1_000);
const BODY = Buffer.from('{"type":"ticket.closed"}');
const SECRETS = [drawWebhookSecret(), drawWebhookSecret()];
const sign = (secret: string, body = BODY): string => new StandardWebhook(secret).sign('msg_1', new Date(NOW), body.toString());
const request = (signature: string) => ({ id: 'msg_1', timestamp: AT, signature, body: BODY });

test('says which secret has signed, among several signatures and versions', () => {
  expect(signerOf(request(sign(SECRETS[0] ?? '')), SECRETS)).toBe(0);
  expect(signerOf(request(`v1a,AAAA ${sign(drawWebhookSecret())} ${sign(SECRETS[1] ?? '')}`), SECRETS)).toBe(1);
});

test.each([
  ['nobody we know', () => request(sign(drawWebhookSecret()))],
  ['another body', () => ({ ...request(sign(SECRETS[0] ?? '')), body: Buffer.from('{"type":"ticket.closed"} ') })],
  ['another id', () => ({ ...request(sign(SECRETS[0] ?? '')), id: 'msg_2' })],
  ['another time', () => ({ ...request(sign(SECRETS[0] ?? '')), timestamp: String(NOW / 1_000 + 1) })],
  ['nothing', () => request('')],
  ['a cut signature', () => request(sign(SECRETS[0] ?? '').slice(0, 20))],
  ['a version that we do not read', () => request(sign(SECRETS[0] ?? '').replace('v1,', 'v2,'))],
  ['more signatures than anybody needs', () => request(`${'v1,AAAA '.repeat(16)}${sign(SECRETS[0] ?? '')}`)],
])('signed by %s, it is by none', (_what, made) => {
  expect(signerOf(made(), SECRETS)).toBe(-1);
  expect(signerOf(made(), [])).toBe(-1);
});

test.each([
  [0, true],
  [-300, true],
  [300, true],
  [-301, false],
  [301, false],
])('a message of %i s from now: taken is %s', (seconds, taken) => {
  expect(isTimely(String(NOW / 1_000 + seconds), NOW)).toBe(taken);
});

test.each(['', 'now', '1e9', ` ${AT}`, `-${AT}`, `${AT}.5`])('%j is no time', (timestamp) => {
  expect(isTimely(timestamp, NOW)).toBe(false);
});
