import type { PolicySet } from '../../schemas/policy.ts';
import { type CompiledPolicy, compileRules } from './compile-rules.ts';
import { lintReviews } from './lint-review.ts';
import { lintRules } from './lint-rules.ts';
import { PolicyInvalid } from './policy-invalid.ts';

/**
 * Compiles a policy set.
 * @throws PolicyInvalid with every issue `lintPolicy` finds.
 */
export function compilePolicy(set: PolicySet): CompiledPolicy {
  const faults = lintReviews(set);
  if (faults.length > 0) throw new PolicyInvalid([...lintRules(set), ...faults]);
  return compileRules(set);
}
