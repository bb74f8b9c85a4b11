import * as fc from 'fast-check';
import { compileNames, coversNames, hasName } from '../../../core/policy/name-set.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
const pattern = fc.tuple(name, fc.boolean()).map(([text, open]) => (open ? `${text}*` : text));

describe('name sets', () => {
  test('a pattern is an exact name or a prefix', () => {
    const names = compileNames(['send', 'db_*']);
    expect(['send', 'db_', 'db_drop'].every((each) => hasName(names, each))).toBe(true);
    expect(['send_email', 'sen', 'db', 'Send'].some((each) => hasName(names, each))).toBe(false);
  });

  test('no patterns, or a lone star among them, mean every name', () => {
    expect(compileNames(undefined)).toBeNull();
    expect(compileNames(['x', '*'])).toBeNull();
    expect(hasName(null, 'anything')).toBe(true);
  });

  test('a set that covers another holds every name the other holds', () => {
    const patterns = fc.option(fc.array(pattern, { minLength: 1, maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(patterns, patterns, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 }), (outer, inner, probe) => {
        const [wide, narrow] = [compileNames(outer), compileNames(inner)];
        if (coversNames(wide, narrow) && hasName(narrow, probe)) expect(hasName(wide, probe)).toBe(true);
      }),
    );
  });

  test('covering sees prefixes inside prefixes and names inside prefixes', () => {
    expect(coversNames(compileNames(['a*']), compileNames(['ab*', 'ac']))).toBe(true);
    expect(coversNames(compileNames(['ab*']), compileNames(['a*']))).toBe(false);
    expect(coversNames(compileNames(['a']), compileNames(['a*']))).toBe(false);
    expect(coversNames(compileNames(['a*']), null)).toBe(false);
  });
});
