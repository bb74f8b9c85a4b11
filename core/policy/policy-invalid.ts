/** One thing wrong with a policy set. `pointer` is RFC 6901 into the set, such as `/rules/3/when/condition`. */
export interface PolicyIssue {
  pointer: string;
  detail: string;
}

/** A policy set that must not be activated. `issues` is never empty. */
export class PolicyInvalid extends Error {
  override readonly name = 'PolicyInvalid';
  readonly code = 'policy-invalid';
  readonly issues: readonly PolicyIssue[];

  constructor(issues: readonly PolicyIssue[]) {
    super(`policy is invalid: ${issues.length} issue(s), first at ${issues[0]?.pointer ?? ''}: ${issues[0]?.detail ?? ''}`);
    this.issues = issues;
  }
}
