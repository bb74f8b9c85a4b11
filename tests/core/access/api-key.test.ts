import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { API_KEY_PATTERN, formatApiKey, parseApiKey } from '../../../core/access/api-key.ts';
import { base62, randomBase62 } from '../../../core/access/base62.ts';
import { crc32 } from '../../../core/access/crc32.ts';

const DIGIT = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split(''));
const parts = fc.record({
  mode: fc.constantFrom('live' as const, 'test' as const),
  id: fc.string({ unit: DIGIT, minLength: 8, maxLength: 8 }),
  secret: fc.string({ unit: DIGIT, minLength: 30, maxLength: 30 }),
});

describe('API keys', () => {
  it('are read back as they were written, and match the published pattern', () => {
    fc.assert(
      fc.property(parts, ({ mode, id, secret }) => {
        const key = formatApiKey({ mode, id, secret });
        expect(key).toMatch(API_KEY_PATTERN);
        expect(parseApiKey(key)).toEqual({ mode, id });
      }),
    );
  });

  it('with one character mistyped are no keys', () => {
    fc.assert(
      fc.property(parts, fc.nat(52), DIGIT, (given, position, digit) => {
        const key = formatApiKey(given);
        fc.pre(key[position] !== digit);
        expect(parseApiKey(key.slice(0, position) + digit + key.slice(position + 1))).toBeNull();
      }),
    );
  });

  it('with anything around them are no keys', () => {
    const key = formatApiKey({ mode: 'live', id: 'AAAAAAAA', secret: 'b'.repeat(30) });
    for (const text of [` ${key}`, `${key}\n`, `${key}, ${key}`, key.toUpperCase(), '']) expect(parseApiKey(text)).toBeNull();
  });

  it('keep their format for ever: a key of 2026 is read by every later release', () => {
    // The checksum was worked out with another implementation.
    expect(formatApiKey({ mode: 'live', id: '0AZaz9xx', secret: '012345678901234567890123456789' })).toBe(
      'mg_live_0AZaz9xx0123456789012345678901234567893DYOh2',
    );
  });
});

describe('crc32', () => {
  it('is that of zlib', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => crc32(text) === zlibCrc32(text)));
  });
});

describe('base 62', () => {
  it('pads to the length and holds every CRC-32 in six digits', () => {
    expect([base62(0, 6), base62(61, 1), base62(62, 2), base62(0xffffffff, 6)]).toEqual(['000000', 'z', '10', '4gfFC3']);
  });

  it('draws without bias: bytes that do not divide evenly are passed over', () => {
    const draws = [[248, 249, 255, 0], [61, 62, 247, 250], [123]];
    expect(randomBase62(5, () => Uint8Array.from(draws.shift() ?? []))).toBe('0z0zz');
  });
});
