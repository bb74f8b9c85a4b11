import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { hmacSha256, sha256 } from '../../../sdk/compliance/src/sha256.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('SHA-256 of every length around the block borders, and of any bytes, is that of OpenSSL', () => {
  for (let length = 0; length <= 200; length += 1) {
    const message = Buffer.alloc(length, 'abc');
    expect(hex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5_000 }), (message) => hex(sha256(message)) === createHash('sha256').update(message).digest('hex')));
});

test('HMAC of any key, longer than a block too, is that of OpenSSL', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(fc.property(bytes, bytes, (key, message) => hex(hmacSha256(key, message)) === createHmac('sha256', key).update(message).digest('hex')));
});

test('the constants lie far enough from a rounding border that no engine computes others', () => {
  const primes = [...Array(400).keys()].slice(2).filter((candidate) => ![...Array(candidate).keys()].slice(2).some((divisor) => candidate % divisor === 0));
  const roots = [...primes.slice(0, 8).map(Math.sqrt), ...primes.slice(0, 64).map(Math.cbrt)];
  const distances = roots.map((root) => (root * 2 ** 32) % 1).map((rest) => Math.min(rest, 1 - rest));
  // A root below eight has steps of 2^-50, which are 2^-18 here; engines are off by one or two of them.
  expect(Math.min(...distances)).toBeGreaterThan(2 ** -14);
});
