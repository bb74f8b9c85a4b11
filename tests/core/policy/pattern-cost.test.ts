import { patternProblem } from '../../../core/policy/pattern-cost.ts';

describe('patternProblem', () => {
  test.each([
    '',
    'foo|bar',
    '^a*$',
    '^[^@]+@example\\.com$',
    '^[a-z]{1,64}@[a-z]{1,64}$',
    '[a-z]{1,64}@',
    '[0-9]{1,16}-[0-9]{1,16}',
    '[\\]*]a',
    '(?:ab?){3}',
    '\\d{4}-\\d{2}',
    '((((a))))',
    '\\(\\*\\+',
    '[*+]',
    'a{',
    '^a{3,}?b',
  ])('accepts %s', (pattern) => {
    expect(patternProblem(pattern)).toBeNull();
  });

  // One that backtracked without bound would run into the time-out.
  test('what is accepted comes to an end on the longest and worst text an event can hold', () => {
    const text = 'a'.repeat(60_000);
    for (const pattern of [
      'a{1,16}a{1,16}b',
      '^a*b',
      '^a*a{1,255}b',
      '(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)b',
      '^a{1,256}a{1,256}b',
      'a?a?a?a?a?a?a?a?b',
      'a{0,255}a{6}b',
      '^a{0,200}a{20000}b',
    ]) {
      expect(patternProblem(pattern)).toBeNull();
      expect(new RegExp(pattern).test(text)).toBe(false);
    }
  });

  test.each([
    '(a+)+$',
    '^(a|a)*$',
    'a*',
    '^a*a*$',
    '^a+|b+',
    '(a|a){20}',
    'a?a?a?a?a?a?a?a?a?a?a?a?a?',
    '(a{1,20}){20}',
    '[a-z]{1,64}@[a-z]{1,64}',
    'a{1,16}a{1,17}b',
    '[ab]{0,255}a{400}c',
    '[ab]{0,255}a{20000}c',
    '(?:[ab]{0,15}){2}a{20}c',
    `[ab]{0,255}${'a'.repeat(200)}c`,
    '^[ab]{0,60000}a{20000}c',
    '^a*a{1,300}b',
    '^a*a{1,200}a{20}b',
    '^(?:a*){2}',
    '(?=a)',
    '(?<!a)b',
    '(?<n>a)',
    '(a)\\1',
    '(',
    'a)',
    '[a',
    'x'.repeat(513),
  ])('refuses %s', (pattern) => {
    expect(patternProblem(pattern)).not.toBeNull();
  });
});
