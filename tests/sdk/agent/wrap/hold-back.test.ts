import * as fc from 'fast-check';
import { createHoldBack } from '../../../../sdk/agent/src/wrap/hold-back.ts';

describe('held back text', () => {
  it('lets nothing out of a phrase that does not pass, wherever it stands and however the text is cut', () => {
    const phrase = 'open sesame';
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.string({ maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.integer({ min: phrase.length, max: 64 }),
        (before, after, sizes, windowChars) => {
          const text = before + phrase + after;
          const holdBack = createHoldBack({ windowChars, check: (window) => !window.includes(phrase) });
          let at = 0;
          for (let turn = 0; at < text.length; turn++) {
            const piece = text.slice(at, (at += sizes[turn % sizes.length] ?? 1));
            holdBack.add('0', piece);
            if (holdBack.sweep() !== undefined) break;
          }
          expect(holdBack.clearedTo('0')).toBeLessThanOrEqual(text.indexOf(phrase));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('goes out but for a window and what is too short for a check', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 64 }), (length, windowChars) => {
        const holdBack = createHoldBack({ windowChars, check: () => true });
        for (let index = 0; index < length; index++) {
          holdBack.add('0', 'x');
          holdBack.sweep();
        }
        expect(length - holdBack.clearedTo('0')).toBeLessThan(Math.max(windowChars + Math.max(1, windowChars / 2), length + 1));
        expect(holdBack.clearedTo('0')).toBeGreaterThanOrEqual(length - windowChars - Math.ceil(windowChars / 2));
      }),
    );
  });

  it('is checked in overlapping windows, each no longer than a window and what is new', () => {
    const windows: string[] = [];
    const holdBack = createHoldBack({ windowChars: 8, check: (window) => windows.push(window) > 0 });
    for (const piece of ['abcd', 'efgh', 'ijkl', 'mnop']) {
      holdBack.add('0', piece);
      holdBack.sweep();
    }
    expect(windows).toEqual(['abcd', 'abcdefgh', 'abcdefghijkl', 'efghijklmnop']);
  });

  it('is not checked again where somebody else has passed it', () => {
    const holdBack = createHoldBack({ windowChars: 8, check: (window) => !window.includes('bad') });
    holdBack.add('0', 'something bad here');
    expect(holdBack.sweep()).toBe('0');
    expect(holdBack.clearedTo('0')).toBe(0);
    holdBack.pass('0');
    holdBack.add('0', ' and good');
    expect(holdBack.sweep()).toBeUndefined();
    expect(holdBack.clearedTo('0')).toBe('something bad here and good'.length - 8);
  });

  it('does not mix its lanes, and is told whole or as far as it went', () => {
    const holdBack = createHoldBack({ windowChars: 4, check: (window) => !window.includes('bad') });
    holdBack.add('0', 'ba');
    holdBack.add('1', 'd and good');
    expect(holdBack.sweep()).toBeUndefined();
    expect(holdBack.text()).toBe('ba\nd and good');
    expect(holdBack.text(new Map([['1', 5]]))).toBe('d and');
  });
});
