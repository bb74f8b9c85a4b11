import type { PolicySet } from '../../schemas/policy.ts';
import { inspectPolicy } from './lint.ts';
import { PolicyInvalid } from './policy-invalid.ts';
import { indexRules } from './rule-index.ts';
import type { RuleIndex } from './rule-index.ts';

/** A policy version made ready for evaluation. Make it once per version and keep it: it never changes. */
export interface CompiledPolicy {
  set: PolicySet;
  onError: 'hitl' | 'block';
  index: RuleIndex;
}

/**
 * Compiles a policy set.
 * @throws PolicyInvalid with every issue `lintPolicy` finds.
 */
export function compilePolicy(set: PolicySet): CompiledPolicy {
  const { issues, ranked } = inspectPolicy(set);
  if (issues.length > 0) throw new PolicyInvalid(issues);
  return { set, onError: set.onError ?? 'block', index: indexRules(ranked) };
}
