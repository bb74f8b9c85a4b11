import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import type { Integer } from 'asn1js';
import { TimeStampReq } from 'pkijs';
import type { ShownCheckpoint } from '../../../activities/anchors/anchor.ts';
import { certificatesOf } from '../../../activities/anchors/pem-certificates.ts';
import { timeStampRequest } from '../../../activities/anchors/time-stamp.ts';
import { createTsaAnchor, type TsaAnchorOptions } from '../../../activities/anchors/tsa-anchor.ts';
import { createGuardedFetch } from '../../../activities/outbound/guarded-fetch.ts';
import { startTimeStampAuthority, type TimeStampAuthority } from '../../support/time-stamp-authority.ts';

const CHECKPOINT: ShownCheckpoint = {
  origin: 'guard.example/mg/deployment',
  number: 7,
  size: 12,
  note: 'guard.example/mg/deployment\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— guard.example/mg/deployment Az3grlgtzPICa5OS\n',
  anchoredSize: 0,
};

let authority: TimeStampAuthority;
const guarded = createGuardedFetch({ allowPrivate: ['127.0.0.0/8'], timeoutMs: 60_000 });
beforeAll(async () => {
  authority = await startTimeStampAuthority();
  await Promise.all([
    authority.addSigner('server', { purpose: 'critical,serverAuth' }),
    authority.addSigner('both', { purpose: 'critical,timeStamping,serverAuth' }),
    authority.addSigner('lax', { purpose: 'timeStamping' }),
    authority.addSigner('stranger', { purpose: 'critical,timeStamping', ca: 'other' }),
  ]);
});
afterAll(async () => {
  guarded.close();
  await authority.close();
});

const anchor = (changes: Partial<TsaAnchorOptions> = {}) =>
  createTsaAnchor({ url: authority.url, roots: certificatesOf(readFileSync(authority.rootsFile, 'utf8')), fetch: guarded.fetch, now: Date.now, ...changes });

/** The nonce of a query, and a query for other bytes or with another nonce. */
const nonceOf = (query: Buffer): Uint8Array => (TimeStampReq.fromBER(query).nonce as Integer).valueBlock.valueHexView;
const queryFor = (message: string, nonce: Uint8Array): Buffer => Buffer.from(timeStampRequest({ message: Buffer.from(message), nonce, policy: null }));
const OTHER_NONCE = Uint8Array.of(0x40, 1, 2, 3, 4, 5, 6, 7);

test('the receipt is a time stamp of the whole note, which openssl verifies by itself', async () => {
  const receipt = Buffer.from(await anchor().publish(CHECKPOINT), 'base64');
  expect(await authority.verify(receipt, CHECKPOINT.note)).toContain('Verification: OK');
  await expect(authority.verify(receipt, `${CHECKPOINT.note} `)).rejects.toThrow('message imprint mismatch');
  const { messageImprint, certReq } = TimeStampReq.fromBER(authority.queries.at(-1) ?? Buffer.alloc(0));
  expect(Buffer.from(messageImprint.hashedMessage.valueBlock.valueHexView)).toEqual(createHash('sha256').update(CHECKPOINT.note).digest());
  expect(certReq).toBe(true);
});

test('no two queries have the same nonce', async () => {
  const before = authority.queries.length;
  for (let count = 0; count < 3; count += 1) await anchor().publish(CHECKPOINT);
  const nonces = authority.queries.slice(before).map((query) => Buffer.from(nonceOf(query)).toString('hex'));
  expect(new Set(nonces).size).toBe(3);
});

test('a policy that is asked for is the one of the stamp', async () => {
  const receipt = await anchor({ policy: authority.policies[1] }).publish(CHECKPOINT);
  expect(await authority.verify(Buffer.from(receipt, 'base64'), CHECKPOINT.note)).toContain('Verification: OK');
  authority.answerNext(async (query) => ({ body: await authority.stamp(queryFor(CHECKPOINT.note, nonceOf(query))) }));
  await expect(anchor({ policy: authority.policies[1] }).publish(CHECKPOINT)).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('another policy'),
  });
});

test('a stamp under elliptic curves is taken as well', async () => {
  await authority.addSigner('curve', { purpose: 'critical,timeStamping' });
  authority.answerNext(async (query) => ({ body: await authority.stamp(query, { signer: 'curve' }) }));
  const receipt = Buffer.from(await anchor().publish(CHECKPOINT), 'base64');
  expect(await authority.verify(receipt, CHECKPOINT.note)).toContain('Verification: OK');
});

const FORGERIES: [string, string, (query: Buffer) => Promise<Buffer>][] = [
  ['for another nonce', 'another nonce', () => authority.stamp(queryFor(CHECKPOINT.note, OTHER_NONCE))],
  ['for another message', 'another message', (query) => authority.stamp(queryFor('something else', nonceOf(query)))],
  ['whose signature was tampered with', 'not signed by its certificate', async (query) => tamper(await authority.stamp(query))],
  ['by a certificate that may not stamp times', 'may not stamp times', (query) => authority.forge(query, 'server')],
  ['by a certificate that may do other things as well', 'may not stamp times', (query) => authority.forge(query, 'both')],
  ['by a certificate whose purpose is not critical', 'may not stamp times', (query) => authority.forge(query, 'lax')],
  ['under a root that is not trusted', 'under a certificate that is trusted', (query) => authority.stamp(query, { signer: 'stranger' })],
];

test.each(FORGERIES)('a stamp %s is refused', async (_what, message, forge) => {
  authority.answerNext(async (query) => ({ body: await forge(query) }));
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name: 'AnchorRefused', code: 'rejected', message: expect.stringContaining(message) });
});

test('what openssl signs in the way of the forgeries is taken where the certificate is in order', async () => {
  authority.answerNext(async (query) => ({ body: await authority.forge(query, 'tsa') }));
  expect(await anchor().publish(CHECKPOINT)).not.toBe('');
});

test('a stamp of yesterday is refused, whoever signed it', async () => {
  await expect(anchor({ now: () => Date.now() + 25 * 3_600_000 }).publish(CHECKPOINT)).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('another time'),
  });
});

test('a refusal of the authority says why, and is final', async () => {
  await expect(anchor({ policy: '1.2.3.4' }).publish(CHECKPOINT)).rejects.toMatchObject({
    name: 'AnchorRefused',
    message: expect.stringContaining('unacceptedPolicy'),
  });
  authority.answerNext(async (query) => ({ body: await authority.stamp(query, { digests: 'sha512' }) }));
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name: 'AnchorRefused', message: expect.stringContaining('badAlg') });
});

test.each([
  ['time is not available (failure 14)', '300a30080201020303010002', 'AnchorUnavailable'],
  ['system failure (25)', '300c300a02010203050600000040', 'AnchorUnavailable'],
  ['waiting', '30053003020103', 'AnchorUnavailable'],
  ['revoked', '30053003020105', 'AnchorRefused'],
  ['granted, and no stamp with it', '30053003020100', 'AnchorUnavailable'],
])('an answer that says: %s', async (_what, der, name) => {
  authority.answerNext(() => ({ body: Buffer.from(der, 'hex') }));
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name });
});

const GARBAGE: [string, (whole: Buffer) => Buffer][] = [
  ['an error page', () => Buffer.from('<!doctype html><title>It works!</title>')],
  ['nothing', () => Buffer.alloc(0)],
  ['half of a response', (whole) => whole.subarray(0, whole.length / 2)],
  ['a token that is not one', () => Buffer.from('300a3003020100300302010a', 'hex')],
  ['nested without end', () => Buffer.alloc(60_000, Buffer.from('3080', 'hex'))],
  ['more than is read', (whole) => Buffer.concat([whole.subarray(0, 4), Buffer.alloc(100_000)])],
];

test.each(GARBAGE)('%s is no answer: it is asked again later', async (_what, garble) => {
  authority.answerNext(async (query) => ({ body: garble(await authority.stamp(query)) }));
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name: 'AnchorUnavailable' });
});

test.each([
  [500, 'AnchorUnavailable'],
  [503, 'AnchorUnavailable'],
  [429, 'AnchorUnavailable'],
  [404, 'AnchorRefused'],
  [302, 'AnchorRefused'],
])('an authority that answers %i', async (status, name) => {
  authority.answerNext(() => ({ status, body: Buffer.alloc(0) }));
  await expect(anchor().publish(CHECKPOINT)).rejects.toMatchObject({ name, message: `answered ${status}` });
});

test('one that is down is unavailable, and loopback is not reached where nobody allows it', async () => {
  await expect(anchor({ url: 'http://127.0.0.1:9/' }).publish(CHECKPOINT)).rejects.toMatchObject({ name: 'AnchorUnavailable', message: 'no answer: network' });
  const strict = createGuardedFetch();
  const before = authority.queries.length;
  await expect(anchor({ fetch: strict.fetch }).publish(CHECKPOINT)).rejects.toMatchObject({
    name: 'AnchorRefused',
    message: expect.stringContaining('not allowed'),
  });
  strict.close();
  expect(authority.queries).toHaveLength(before);
});

/** Flips a bit of the last byte, which is the signature's. */
function tamper(response: Buffer): Buffer {
  const bytes = Buffer.from(response);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}
