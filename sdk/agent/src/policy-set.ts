import type { DecisionValue, MastFinding } from '../../compliance/src/api-types.ts';

export type PolicyEffect = Lowercase<DecisionValue>;

/** One rule: what it matches, and what then becomes of an event. Names may end in `*`. */
export interface PolicyRule {
  id: string;
  /** The highest priority with a matching rule decides. 0 to 1,000,000. */
  priority: number;
  when: {
    agents?: string[] | undefined;
    actions?: string[] | undefined;
    categories?: MastFinding['category'][] | undefined;
    detectors?: MastFinding['detector'][] | undefined;
    /** A CEL expression that is true or false. */
    condition?: string | undefined;
  };
  effect: PolicyEffect;
  /** RFC 3339; from then on the rule matches nothing. */
  expiresAt?: string | undefined;
  reason: string;
}

/** A policy in the form in which the server has it too; reviews and reports of outcomes are the server's, and are passed over here. */
export interface PolicySet {
  rules: PolicyRule[];
  /** Where neither a rule nor a detector decides. Default: `allow`. */
  defaultEffect?: PolicyEffect | undefined;
  /** Where a condition fails. Default: `block`. */
  onError?: 'hitl' | 'block' | undefined;
}
