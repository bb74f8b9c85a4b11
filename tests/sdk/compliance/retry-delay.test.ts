import { MastGuardConnectionError, MastGuardError, MastGuardRateLimitError, MastGuardServerError } from '../../../sdk/compliance/src/errors.ts';
import { retryDelayMs } from '../../../sdk/compliance/src/retry-delay.ts';

const failed = { error: new MastGuardServerError('x', { status: 503 }), attempt: 0, repeatable: true };
const delays = (random: () => number) => [0, 1, 2, 3, 4, 9].map((attempt) => retryDelayMs({ ...failed, attempt }, random));

test('doubles from half a second to eight, less up to a quarter', () => {
  expect(delays(() => 0)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  expect(delays(() => 1)).toEqual([375, 750, 1_500, 3_000, 6_000, 6_000]);
});

test('is what the server asks for, up to a minute; beyond it nobody waits', () => {
  const asked = (retryAfterMs: number) => retryDelayMs({ ...failed, error: new MastGuardRateLimitError('x', { status: 429, retryAfterMs }) });
  expect([asked(0), asked(7), asked(60_000), asked(60_001)]).toEqual([0, 7, 60_000, undefined]);
});

test.each([
  ['a bug of the caller', new TypeError('x')],
  ['an abort', new DOMException('x', 'AbortError')],
  ['a used-up quota', new MastGuardRateLimitError('x', { status: 429, code: 'quota-exceeded' })],
  ['an answer that is not the API', new MastGuardConnectionError('x', { code: 'not-json' })],
  ['a client that was not made', new MastGuardError('x', { code: 'invalid-api-key' })],
])('there is none after %s', (_, error) => {
  expect(retryDelayMs({ ...failed, error })).toBeUndefined();
});

test('what must not be done twice waits only for a refusal to begin', () => {
  const after = (error: MastGuardError) => retryDelayMs({ error, attempt: 0, repeatable: false }, () => 0);
  expect(after(new MastGuardServerError('x', { status: 503, retryAfterMs: 1 }))).toBeUndefined();
  expect(after(new MastGuardConnectionError('x', { code: 'timeout' }))).toBeUndefined();
  expect(after(new MastGuardRateLimitError('x', { status: 429 }))).toBe(500);
});
