import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { type MastGuardError, MastGuardWebhookVerificationError } from '../../../sdk/compliance/src/errors.ts';
import { encodeBase64 } from '../../../sdk/compliance/src/base64.ts';
import { hmacSha256 } from '../../../sdk/compliance/src/sha256.ts';
import type { GivenSignature } from '../../../sdk/compliance/src/webhook-signature.ts';
import { MastGuardWebhooks, type RawBody } from '../../../sdk/compliance/src/webhooks.ts';

const ID = 'msg_0b9c';
const BODY = JSON.stringify({ type: 'governance.review.opened', timestamp: '2026-11-27T10:00:00.000Z', data: { reviewId: 'rev_1', note: 'Grüße, 雪' } });
const EVENT = { ...(JSON.parse(BODY) as object), id: ID };
const newSecret = (bytes = 32): string => `whsec_${randomBytes(bytes).toString('base64')}`;
const secret = newSecret();
const seconds = Math.floor(Date.now() / 1_000);

/** Headers as the library makes them. */
function signedBy(Library: typeof StandardWebhook | typeof SvixWebhook, { key = secret, id = ID, at = seconds, body = BODY } = {}) {
  const signature = new Library(key).sign(id, new Date(at * 1_000), body);
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signature };
}
/** The one header, from the three. */
const combined = (headers: ReturnType<typeof signedBy>): string => {
  const signatures = headers['webhook-signature'].split(' ').map((part) => part.replace(',', '='));
  return [`t=${headers['webhook-timestamp']}`, `id=${headers['webhook-id']}`, ...signatures].join(',');
};
/** By our own HMAC. */
const signedByUs = (key = secret) => {
  const mac = hmacSha256(Buffer.from(key.slice('whsec_'.length), 'base64'), Buffer.from(`${ID}.${seconds}.${BODY}`));
  return { 'webhook-id': ID, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${encodeBase64(mac)}` };
};
const refusal = (verify: () => unknown): string => {
  try {
    verify();
  } catch (error) {
    expect(error instanceof MastGuardWebhookVerificationError).toBe(true);
    return (error as MastGuardError).code;
  }
  return 'verified';
};

const webhooks = new MastGuardWebhooks({ secret });
const headers = signedBy(StandardWebhook);

describe.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('%s', (_, Library) => {
  it.each([24, 32, 64])('signs what we verify, with a secret of %d bytes, at once', (bytes) => {
    const key = newSecret(bytes);
    const signed = signedBy(Library, { key });
    const ours = new MastGuardWebhooks({ secret: key });
    expect([ours.verify(BODY, signed), ours.verify(BODY, combined(signed))]).toEqual([EVENT, EVENT]);
  });

  it('verifies what we sign', () => {
    expect(new Library(secret).verify(BODY, signedByUs())).toEqual(JSON.parse(BODY));
    expect(() => new Library(secret).verify(`${BODY} `, signedByUs())).toThrow();
  });
});

describe('verify', () => {
  const shapes: [string, GivenSignature][] = [
    ['Headers', new Headers(headers)],
    ["Node's object", { ...headers, 'content-type': 'application/json', cookie: undefined, 'x-list': ['a', 'b'] }],
    ['names in any case', { 'Webhook-Id': ID, 'WEBHOOK-TIMESTAMP': String(seconds), 'Webhook-Signature': headers['webhook-signature'] }],
    ['the one header among others', { 'X-MastGuard-Signature': combined(headers) }],
    ['the one header, with blanks', combined(headers).replaceAll(',', ', ')],
  ];
  it.each(shapes)('takes %s', (_, given) => {
    expect(webhooks.verify(BODY, given)).toEqual(EVENT);
  });

  const bytes = new TextEncoder().encode(BODY);
  it.each<[string, RawBody]>([
    ['a Buffer', Buffer.from(BODY)],
    ['bytes', bytes],
    ['part of a larger buffer', new Uint8Array([0, ...bytes, 0]).subarray(1, bytes.length + 1)],
    ['an ArrayBuffer', bytes.slice().buffer],
  ])('takes a body that is %s', (_, body) => {
    expect(webhooks.verify(body, headers)).toEqual(EVENT);
  });

  it('refuses a body that was parsed, and says so', () => {
    expect(() => webhooks.verify(JSON.parse(BODY), headers)).toThrow('verify the raw body');
  });

  it('takes any of several signatures with any of several secrets, for a rotation', () => {
    const old = newSecret();
    const both = { ...headers, 'webhook-signature': `${signedByUs(old)['webhook-signature']} ${headers['webhook-signature']}` };
    for (const key of [old, secret]) expect(new MastGuardWebhooks({ secret: [newSecret(), key] }).verify(BODY, both)).toEqual(EVENT);
    expect(new MastGuardWebhooks({ secret: old }).verify(BODY, combined(both))).toEqual(EVENT);
    expect(refusal(() => new MastGuardWebhooks({ secret: [newSecret(), newSecret()] }).verify(BODY, both))).toBe('bad-signature');
  });

  it('refuses every change of one bit of the body, and of id, time and signature', () => {
    const signature = headers['webhook-signature'];
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const changed = bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(refusal(() => webhooks.verify(changed, headers))).toBe('bad-signature');
    }
    for (let at = 3; at < signature.length; at += 1) {
      const other = signature[at] === 'A' ? 'B' : 'A';
      const changed = { ...headers, 'webhook-signature': signature.slice(0, at) + other + signature.slice(at + 1) };
      expect(refusal(() => webhooks.verify(BODY, changed))).toBe('bad-signature');
    }
    for (const length of [0, 3, 10, signature.length - 1]) {
      const cut = signature.slice(0, length);
      expect(refusal(() => webhooks.verify(BODY, { ...headers, 'webhook-signature': cut }))).toBe(length === 0 ? 'no-signature' : 'bad-signature');
    }
    expect(refusal(() => webhooks.verify(BODY, { ...headers, 'webhook-id': 'msg_other' }))).toBe('bad-signature');
    expect(refusal(() => webhooks.verify(BODY, { ...headers, 'webhook-timestamp': String(seconds - 1) }))).toBe('bad-signature');
  });

  it.each([
    [-301, 'stale-timestamp'],
    [-299, 'verified'],
    [299, 'verified'],
    [301, 'stale-timestamp'],
  ])('of a message %d s off the clock says %s', (offset, expected) => {
    const strict = new MastGuardWebhooks({ secret, now: () => seconds * 1_000 });
    const signed = signedBy(StandardWebhook, { at: seconds + offset });
    expect(refusal(() => strict.verify(BODY, signed))).toBe(expected);
    // No tolerance was asked for: only the very second.
    expect(refusal(() => new MastGuardWebhooks({ secret, toleranceMs: 0, now: () => seconds * 1_000 }).verify(BODY, signed))).toBe('stale-timestamp');
  });

  it.each(['', 'x', '1e9', '-5', ' 1', '99999999999999', 'NaN'])('refuses the time %j', (timestamp) => {
    expect(['stale-timestamp', 'no-signature']).toContain(refusal(() => webhooks.verify(BODY, { ...headers, 'webhook-timestamp': timestamp })));
  });

  it.each<[string, GivenSignature]>([
    ['nothing', ''],
    ['a header that is not there', undefined],
    ['a header that is not there, of Headers', null],
    ['the header of the standard by itself', headers['webhook-signature']],
    ['a header without an id', `t=${seconds},v1=abc`],
    ['no headers', {}],
    ['two headers of three', { 'webhook-id': ID, 'webhook-timestamp': '1' }],
  ])('finds no signature in %s', (_, given) => {
    expect(refusal(() => webhooks.verify(BODY, given))).toBe('no-signature');
  });

  it('takes a signature of another scheme for none', () => {
    const mac = headers['webhook-signature'].slice(3);
    for (const scheme of ['v0', 'v1a', 'v2', ''])
      expect(refusal(() => webhooks.verify(BODY, { ...headers, 'webhook-signature': `${scheme},${mac}` }))).toBe('bad-signature');
  });

  it.each(['', '{', '[]', '"text"', 'null'])('refuses %j, signed though it is', (body) => {
    expect(refusal(() => webhooks.verify(body, signedBy(StandardWebhook, { body })))).toBe('malformed-body');
  });

  it('needs a secret, and says what is wrong with one without showing it', () => {
    expect(refusal(() => new MastGuardWebhooks().verify(BODY, headers))).toBe('no-secret');
    for (const bad of ['', 'whsec_', 'whsec_!!!', 'whsec_c2hvcnQ=', 'whsec_your_secret']) {
      const made = () => new MastGuardWebhooks({ secret: bad });
      expect(made).toThrow(expect.objectContaining({ code: 'invalid-secret', message: expect.not.stringContaining('c2hvcnQ') }));
    }
  });
});

describe('verifyAsync', () => {
  const { privateKey, publicKey: publicKeyObject } = generateKeyPairSync('ed25519');
  const publicKey = `whpk_${publicKeyObject.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
  const byKey = { ...headers, 'webhook-signature': `v1a,${sign(null, Buffer.from(`${ID}.${seconds}.${BODY}`), privateKey).toString('base64')}` };
  const refusalOf = async (call: Promise<unknown>): Promise<string> => {
    const error: unknown = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof MastGuardWebhookVerificationError ? error.code : 'verified';
  };

  it('takes an ed25519 signature, by the three headers or the one', async () => {
    const ours = new MastGuardWebhooks({ publicKey });
    expect(await ours.verifyAsync(BODY, byKey)).toEqual(EVENT);
    expect(await ours.verifyAsync(BODY, combined(byKey))).toEqual(EVENT);
  });

  it('takes an HMAC where there is a secret, and either where there are both', async () => {
    const ours = new MastGuardWebhooks({ publicKey, secret });
    expect(await ours.verifyAsync(BODY, headers)).toEqual(EVENT);
    expect(await ours.verifyAsync(BODY, byKey)).toEqual(EVENT);
  });

  it('refuses another key, another text, and what is no signature', async () => {
    const ours = new MastGuardWebhooks({ publicKey });
    const other = new MastGuardWebhooks({ publicKey: `whpk_${randomBytes(32).toString('base64')}` });
    const odd = ['v1a,', 'v1a,!!', `v1a,${randomBytes(64).toString('base64')}`, `v1a,${randomBytes(3).toString('base64')}`];
    const answers = [
      other.verifyAsync(BODY, byKey),
      ours.verifyAsync(`${BODY} `, byKey),
      ...odd.map((signature) => ours.verifyAsync(BODY, { ...byKey, 'webhook-signature': signature })),
    ];
    expect(await Promise.all(answers.map(refusalOf))).toEqual(answers.map(() => 'bad-signature'));
    expect(await refusalOf(new MastGuardWebhooks().verifyAsync(BODY, byKey))).toBe('no-secret');
  });

  it('is not what verify does: without a secret there is nothing that it could check', () => {
    expect(refusal(() => new MastGuardWebhooks({ publicKey }).verify(BODY, byKey))).toBe('no-secret');
  });
});
