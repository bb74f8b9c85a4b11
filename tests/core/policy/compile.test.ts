import { readFileSync } from 'node:fs';
import { compilePolicy } from '../../../core/policy/compile.ts';
import { DEFAULT_POLICY } from '../../../core/policy/default-set.ts';
import { PolicyInvalid } from '../../../core/policy/policy-invalid.ts';
import { PolicySet } from '../../../schemas/policy.ts';
import { rule, setOf } from './rules.ts';

describe('compilePolicy', () => {
  test('refuses an invalid set with its code and every issue', () => {
    const set = setOf(
      rule('a', { when: { actions: ['x'] } }),
      rule('a', { when: { actions: ['y'] } }),
      rule('c', { when: { actions: ['z'], condition: 'nope' } }),
    );
    expect(() => compilePolicy(set)).toThrow(PolicyInvalid);
    expect(() => compilePolicy(set)).toThrow(
      expect.objectContaining({
        code: 'policy-invalid',
        issues: [
          { pointer: '/rules/2/when/condition', detail: 'Unknown variable: nope (line 1, column 1)' },
          { pointer: '/rules/1/id', detail: '`a` is also the id of /rules/0' },
        ],
      }),
    );
  });

  test('blocks on a failed condition unless the set says otherwise', () => {
    expect(compilePolicy(DEFAULT_POLICY).onError).toBe('block');
    expect(compilePolicy({ rules: [], onError: 'hitl' }).onError).toBe('hitl');
  });

  test('the sets of docs/spec/policy.md are valid', () => {
    const page = readFileSync(new URL('../../../docs/spec/policy.md', import.meta.url), 'utf8');
    const sets = [...page.matchAll(/```json\n([^`]+)```/g)].map((match) => PolicySet.parse(JSON.parse(match[1] ?? '')));
    expect(sets.length).toBeGreaterThan(0);
    for (const set of sets) expect(compilePolicy(set).set).toBe(set);
  });
});
