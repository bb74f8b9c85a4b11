import type { DecisionValue } from '../../schemas/decision.ts';
import type { PolicyEffect } from '../../schemas/policy.ts';

/** Order of the effects: a larger number is stricter. */
export const STRICTNESS: Readonly<Record<PolicyEffect, number>> = { allow: 0, alert: 1, hitl: 2, block: 3 };

export function stricter(a: PolicyEffect, b: PolicyEffect): PolicyEffect {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

export const VALUE_OF_EFFECT: Readonly<Record<PolicyEffect, DecisionValue>> = {
  allow: 'ALLOW',
  alert: 'ALERT',
  hitl: 'HITL',
  block: 'BLOCK',
};
