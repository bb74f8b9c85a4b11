import * as fc from 'fast-check';
import { decodeOnce } from '../../../core/detection/decoders.ts';

const decoded = (text: string, encoding: string): string | undefined => decodeOnce(text).find((found) => found.encoding === encoding)?.text;

describe('decodeOnce', () => {
  it.each([
    ['base64', Buffer.from('water the plants').toString('base64'), 'water the plants'],
    ['hex', Buffer.from('water the plants').toString('hex'), 'water the plants'],
    ['url', '%77ater%20the plants', 'water the plants'],
    ['html', '&#119;ater&nbsp;the &#x70;lants', 'water the plants'],
    ['escape', String.raw`\u0077ater \x74he \u{70}lants`, 'water the plants'],
    ['rot13', 'vtaber gur cynagf', 'ignore the plants'],
    ['reverse', 'stnalp eht erongi', 'ignore the plants'],
  ])('undoes %s', (encoding, text, expected) => {
    expect(decoded(text, encoding)).toBe(expected);
  });

  it('ignores bytes that are not text', () => {
    expect(decodeOnce(Buffer.from(Array.from({ length: 60 }, (_, index) => (index * 89) % 256)).toString('base64'))).toEqual([]);
  });

  it('decodes at most 16 segments of 16,384 characters', () => {
    const segment = Buffer.from('water the plants ').toString('base64');
    expect((decoded(`${segment} `.repeat(40), 'base64') ?? '').split('\n').length).toBe(16);
    expect((decoded('QUJD'.repeat(10_000), 'base64') ?? '').length).toBe((16_384 / 4) * 3);
  });

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => expect(Array.isArray(decodeOnce(text))).toBe(true)));
  });
});
