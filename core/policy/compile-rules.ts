import type { PolicySet } from '../../schemas/policy.ts';
import { inspectRules } from './lint-rules.ts';
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
 * Compiles the rules of a set, and looks at no review: for those who run none.
 * @throws PolicyInvalid with every issue `lintRules` finds.
 */
export function compileRules(set: PolicySet): CompiledPolicy {
  const { issues, ranked } = inspectRules(set);
  if (issues.length > 0) throw new PolicyInvalid(issues);
  return { set, onError: set.onError ?? 'block', index: indexRules(ranked) };
}
