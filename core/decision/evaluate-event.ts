import type { AgentProfile } from '../../schemas/agent.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { PolicyEffect, PolicyRule, PolicySet } from '../../schemas/policy.ts';
import { noteAsk } from '../detection/asks.ts';
import { detect } from '../detection/detect.ts';
import { riskScore } from '../detection/risk-score.ts';
import type { SessionState } from '../detection/session-state.ts';
import type { Sha256Hex } from '../hashing.ts';
import { DEFAULT_REVIEW_PLAN } from '../hitl/default-plan.ts';
import { planOf, type ReviewPlan } from '../hitl/review.ts';
import type { Finding } from '../mast/finding.ts';
import type { CompiledPolicy } from '../policy/compile-rules.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { PolicyOutcome, SessionFacts } from '../policy/evaluate.ts';
import { stricter, VALUE_OF_EFFECT } from '../policy/strictness.ts';
import type { Evaluation } from './evaluation.ts';

export interface EventToEvaluate {
  /** Null: whose organisation decides is not known, as in the process of an agent. */
  orgId: string | null;
  event: GovernanceEvent;
  profile: AgentProfile | null;
  /** Before this event; null for an event without a session. */
  session: SessionState | null;
  /** Null: the organisation has no active policy. */
  policy: { version: string; compiled: CompiledPolicy } | null;
  nowMs: number;
  sha256Hex: Sha256Hex;
  /** Set where the event is evaluated again: its session knows it by now and must not count it twice, nor the time it waited. */
  again?: FirstEvaluation;
}

/** What was found when the event came. */
export interface FirstEvaluation {
  /** By the rules of time. */
  timed: readonly Finding[];
  /** The session before the event, as conditions see it; undefined where it is not on record. */
  before: SessionFacts | undefined;
}

const MAX_REASONS = 16;
const NOTHING_DECIDED: PolicyOutcome = { effect: null, rule: null, error: null };

/**
 * Classifies an event and decides it. A rule that matches decides alone, an `allow` over the detectors too: that is how an
 * organisation makes its exceptions. Findings are reported whatever is decided.
 */
export function evaluateEvent({ orgId, event, profile, session, policy, nowMs, sha256Hex, again }: EventToEvaluate): Evaluation {
  const detected = detect({ orgId, event, profile, session: again === undefined ? session : null, nowMs, sha256Hex });
  const findings = again === undefined ? detected.findings : [...detected.findings, ...again.timed];
  const score = riskScore(findings);
  const agent = { id: event.agentId, owner: profile?.owner, purpose: profile?.purpose };
  const outcome =
    policy === null ? NOTHING_DECIDED : evaluatePolicy(policy.compiled, { event, findings, riskScore: score, session: again?.before ?? session, agent, nowMs });
  const set = policy?.compiled.set ?? null;
  const effect = settle(outcome, findings, set);
  return {
    value: VALUE_OF_EFFECT[effect],
    findings,
    riskScore: score,
    reasons: reasonsFor(outcome, findings),
    policy: policy === null ? null : { version: policy.version, ruleId: outcome.rule?.id ?? null },
    policyError: outcome.error,
    review: effect === 'hitl' ? reviewPlan(outcome.rule, set) : null,
    attestWithinMs: effect === 'block' ? null : (outcome.rule?.attestWithinMs ?? null),
    session: effect === 'hitl' ? noteAsk(detected.session, nowMs) : detected.session,
  };
}

/** Rule, else the strictest of detectors and failed condition, else the set's default. */
function settle({ effect, rule }: PolicyOutcome, findings: readonly Finding[], set: PolicySet | null): PolicyEffect {
  if (rule !== null) return rule.effect;
  let strictest = effect;
  for (const { outcome } of findings) strictest = strictest === null ? outcome : stricter(strictest, outcome);
  return strictest ?? set?.defaultEffect ?? 'allow';
}

function reasonsFor({ rule, error }: PolicyOutcome, findings: readonly Finding[]): string[] {
  const reasons = new Set<string>();
  if (rule !== null) reasons.add(rule.reason);
  if (error !== null) reasons.add(`The condition of rule ${error.ruleId} could not be evaluated.`);
  for (const { reason } of findings) reasons.add(reason);
  return [...reasons].slice(0, MAX_REASONS);
}

function reviewPlan(rule: PolicyRule | null, set: PolicySet | null): ReviewPlan {
  return planOf(rule?.review ?? set?.defaultReview ?? DEFAULT_REVIEW_PLAN);
}
