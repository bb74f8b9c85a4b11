import { PolicyInvalid } from '../../../core/policy/policy-invalid.ts';

test('carries a stable code and all issues, and its message names the first', () => {
  const issues = [
    { pointer: '/rules/3/when/condition', detail: 'is of type int' },
    { pointer: '/rules/4/id', detail: 'repeated' },
  ];
  const error = new PolicyInvalid(issues);
  expect(error).toMatchObject({ name: 'PolicyInvalid', code: 'policy-invalid', issues });
  expect(error.message).toContain('/rules/3/when/condition');
});
