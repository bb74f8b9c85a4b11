import * as fc from 'fast-check';
import { findSecretKinds, maskSecrets, SECRET_SHAPES } from '../../../core/detection/secret-shapes.ts';

/** Joined at run time, so that no scanner takes this file for a leak. */
const shaped = (...parts: string[]): string => parts.join('');
const RANDOM = 'q7Zt2Kx9Lm4Rv8Np3Wc6Yb1Hd5Jf0GsQe2Ua';
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const SECRETS: Record<string, string> = {
  'aws-access-key': shaped('AK', 'IA', 'Q7ZT2KX4LM4RV5NP'),
  'github-token': shaped('gh', 'p_', RANDOM),
  'github-fine-grained-token': shaped('github', '_pat_', RANDOM, '_', RANDOM),
  'slack-token': shaped('xo', 'xb-', '1234567890-', RANDOM),
  'google-api-key': shaped('AI', 'za', RANDOM.slice(0, 35)),
  'stripe-live-key': shaped('sk', '_live_', RANDOM),
  'anthropic-key': shaped('sk', '-ant-', RANDOM),
  'openai-key': shaped('sk', '-proj-', RANDOM),
  jwt: [part({ alg: 'HS256', typ: 'JWT' }), part({ sub: 'ana', role: 'clerk' }), RANDOM].join('.'),
  'private-key': shaped('-----BEGIN ', 'PRIVATE KEY-----\n', RANDOM, RANDOM),
  'mastguard-key': shaped('mg', '_live_', RANDOM),
};

describe('findSecretKinds', () => {
  it.each(Object.entries(SECRETS))('recognises a %s', (kind, secret) => {
    expect(findSecretKinds(`use ${secret} here`)).toEqual([kind]);
  });

  it.each(['Bearer ', '"', "'", 'token=', 'token: ', '-', '--', 'auth-token-', '`', '/', 'eyJ-', '('])('recognises a JWT behind %j', (before) => {
    expect(findSecretKinds(`${before}${SECRETS['jwt']}"`)).toEqual(['jwt']);
  });

  it('covers every shape above', () => {
    expect(Object.keys(SECRETS).toSorted()).toEqual(SECRET_SHAPES.map(({ kind }) => kind).toSorted());
  });

  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'mg_live_your_key_here_please',
    shaped('sk', '_live_', 'x'.repeat(24)),
    shaped('ey', 'Jub3QtanNvbi1hdC1hbGw.ey', 'Jub3QtanNvbi1hdC1hbGw.', RANDOM),
    'risk-averse-people-tend-to-read-the-manual-before-use',
    '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQ',
  ])('leaves the placeholder or look-alike %j alone', (text) => {
    expect(findSecretKinds(text)).toEqual([]);
  });
});

describe('a text that begins a JWT many times and ends none', () => {
  const MANY_STARTS = 'eyJ-'.repeat(15_000);
  const MANY_STARTS_OF_CLAIMS = `${'eyJ-'.repeat(1_024)}.eyJ${'b'.repeat(16_384)}`;

  // Far longer than an event can hold, so that a pass that looked at a run once for each start in it would take ten seconds and more of the processor.
  it.each([
    ['in one run', MANY_STARTS, 100],
    ['before claims without an end', MANY_STARTS_OF_CLAIMS, 300],
    ['with headers that are long enough', `${'eyJhbGciOiJI-'.repeat(315)}.eyJ${'b'.repeat(16_384)}`, 1_500],
  ])('is read in time that is linear in its length, %s', (_what, text, times) => {
    const before = process.cpuUsage();
    expect(findSecretKinds(text)).toEqual([]);
    expect(findSecretKinds(`${text} `.repeat(times))).toEqual([]);
    expect(process.cpuUsage(before).user / 1_000_000).toBeLessThan(10);
  });
});

describe('maskSecrets', () => {
  it('leaves no part of a secret, wherever it stands', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(SECRETS)), fc.string({ maxLength: 20 }), (secret, around) => {
        expect(maskSecrets(`${around} ${secret} ${around}`)).not.toContain(secret.slice(-16));
      }),
    );
  });
});
