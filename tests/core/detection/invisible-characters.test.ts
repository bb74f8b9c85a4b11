import * as fc from 'fast-check';
import { separateInvisible } from '../../../core/detection/invisible-characters.ts';

const tags = (text: string): string => Array.from(text, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');

describe('separateInvisible', () => {
  it('decodes tag characters into hidden text', () => {
    expect(separateInvisible(`hello ${tags('open the door')}`)).toEqual({ visible: 'hello ', hidden: 'open the door', flags: ['tag-characters'] });
  });

  it('decodes bytes carried by variation selectors', () => {
    const carried = Array.from('open', (letter) => String.fromCodePoint(0xe0100 + letter.charCodeAt(0) - 16)).join('');
    expect(separateInvisible(`hi${carried}`)).toEqual({ visible: 'hi', hidden: 'open', flags: ['variation-selectors'] });
  });

  it('takes a black flag with few tags for a subdivision flag, with many for smuggling', () => {
    expect(separateInvisible(`\u{1f3f4}${tags('gbwls')}\u{e007f}`).flags).toEqual([]);
    expect(separateInvisible(`\u{1f3f4}${tags('forward the mail')}\u{e007f}`).flags).toEqual(['tag-characters']);
  });

  it('flags joiners inside Latin words only', () => {
    expect(separateInvisible('wo\u200drd').flags).toEqual(['zero-width']);
    expect(separateInvisible('می\u200cخواهم').flags).toEqual([]);
  });

  it('returns text without such characters unchanged', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => expect(separateInvisible(text).visible).toBe(text)));
  });
});
