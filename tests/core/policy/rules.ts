import type { PolicyRule, PolicySet } from '../../../schemas/policy.ts';
import type { Finding } from '../../../core/mast/finding.ts';
import type { PolicyInput } from '../../../core/policy/evaluate.ts';

/** A rule that matches everything, with what the test is about put over it. */
export function rule(id: string, over: Partial<Omit<PolicyRule, 'id'>> = {}): PolicyRule {
  return { id, priority: 0, when: {}, effect: 'alert', reason: `reason of ${id}`, ...over };
}

export function setOf(...rules: PolicyRule[]): PolicySet {
  return { rules };
}

export function finding(over: Partial<Finding> = {}): Finding {
  return { detector: 'act.scope', category: 'Action', mode: null, confidence: 0.9, outcome: 'alert', reason: 'outside the grant', evidence: {}, ...over };
}

export function policyInput(over: Partial<PolicyInput> & { action?: string; agentId?: string } = {}): PolicyInput {
  const { action = 'send_email', agentId = 'a1', ...rest } = over;
  return { event: { id: 'e1', agentId, action }, findings: [], riskScore: 0, session: null, agent: { id: agentId }, nowMs: 0, ...rest };
}
