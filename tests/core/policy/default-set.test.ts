import { compilePolicy } from '../../../core/policy/compile.ts';
import { DEFAULT_POLICY } from '../../../core/policy/default-set.ts';
import { evaluatePolicy } from '../../../core/policy/evaluate.ts';
import { PolicySet } from '../../../schemas/policy.ts';
import { finding, policyInput } from './rules.ts';

test('the default set is valid and leaves every event to the detectors', () => {
  expect(PolicySet.parse(DEFAULT_POLICY)).toEqual(DEFAULT_POLICY);
  expect(evaluatePolicy(compilePolicy(DEFAULT_POLICY), policyInput({ findings: [finding({ outcome: 'block' })] })).effect).toBeNull();
});
