import type { PolicySet } from '../../schemas/policy.ts';
import { lintReviews } from './lint-review.ts';
import { lintRules } from './lint-rules.ts';
import type { PolicyIssue } from './policy-invalid.ts';

/** All that is wrong with a set whose shape the schema has already accepted. Empty: it may be activated. */
export function lintPolicy(set: PolicySet): PolicyIssue[] {
  return [...lintRules(set), ...lintReviews(set)];
}
