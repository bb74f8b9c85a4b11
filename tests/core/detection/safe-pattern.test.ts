import * as fc from 'fast-check';
import { matchesPattern } from '../../../core/detection/safe-pattern.ts';

describe('matchesPattern', () => {
  it('matches the whole value', () => {
    expect(matchesPattern('[A-Z]{3}-\\d+', 'ABC-12')).toBe(true);
    expect(matchesPattern('[A-Z]{3}', 'xABCx')).toBe(false);
    expect(matchesPattern('a|b', 'ab')).toBe(false);
    expect(matchesPattern('(?:EUR|USD)', 'EUR')).toBe(true);
    expect(matchesPattern('[^@]+@[^@]+\\.[a-z]{2,10}', 'ana@example.com')).toBe(true);
    expect(matchesPattern('(?:\\+\\d{1,3})?\\d{10}', '+4915112345678')).toBe(true);
  });

  it.each([
    '(a+)+',
    '(a*)*b',
    '(a|a)*',
    '(\\w+\\s?)+',
    '(a)\\1',
    '(?=a)a',
    '(?<=a)b',
    '((a+))+',
    'a+a+a+a+',
    '(a{1,5}){1,9}',
    '(',
    '[',
    '(?<n>a)\\k<n>',
    'a**',
    '(a?){30}b',
    '(a|a)'.repeat(40),
    'a?'.repeat(40),
    'a{0,60}'.repeat(6),
  ])('refuses %j', (pattern) => {
    expect(matchesPattern(pattern, 'aaaa')).toBeNull();
  });

  it('refuses values longer than 4,096 characters', () => {
    expect(matchesPattern('a*', 'a'.repeat(4096))).toBe(true);
    expect(matchesPattern('a*', 'a'.repeat(4097))).toBe(false);
  });

  it('never throws on any pattern', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 20 }), (pattern, value) =>
        expect([true, false, null]).toContain(matchesPattern(pattern, value)),
      ),
    );
  });
});
