import * as fc from 'fast-check';
import { splitContent } from '../../../sdk/agent/src/split-content.ts';

/** Without half a surrogate pair. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

describe('splitContent', () => {
  it('leaves a text that fits as it is, an empty one too', () => {
    expect(splitContent('short')).toEqual(['short']);
    expect(splitContent('')).toEqual(['']);
    expect(splitContent('a'.repeat(48_000))).toHaveLength(1);
    expect(splitContent('a'.repeat(48_001))).toHaveLength(2);
  });

  it('counts bytes as they are sent: escaped, and in UTF-8', () => {
    for (const text of ['\u0001', '"', 'é', '漢', '😀', '\ud800'])
      expect(splitContent(text.repeat(20_000)).every((part) => bytesOf(part) <= 48_000)).toBe(true);
  });

  it('for any text: no part is too big, none cuts a character, together they are the text, and any stretch as long as the overlap is whole in one', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 16, max: 80 }), fc.integer({ min: 0, max: 12 }), (given, maxBytes, overlapChars) => {
        const parts = splitContent(given, { maxBytes, overlapChars });
        const text = given.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
        let end = 0;
        for (const [index, part] of parts.entries()) {
          expect(bytesOf(part)).toBeLessThanOrEqual(maxBytes);
          expect(isWellFormed(part)).toBe(true);
          const start = index === 0 ? 0 : text.lastIndexOf(part, end);
          expect(start).toBeLessThanOrEqual(end);
          end = Math.max(end, start + part.length);
        }
        expect(end).toBe(text.length);
      }),
    );
    const text = Array.from({ length: 400 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
    const parts = splitContent(text, { maxBytes: 100, overlapChars: 20 });
    for (let at = 0; at + 20 <= text.length; at += 1) expect(parts.some((part) => part.includes(text.slice(at, at + 20)))).toBe(true);
  });
});
