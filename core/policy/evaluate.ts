import type { GovernanceEvent } from '../../schemas/event.ts';
import type { PolicyEffect, PolicyRule } from '../../schemas/policy.ts';
import type { SessionState } from '../detection/session-state.ts';
import type { Finding } from '../mast/finding.ts';
import type { CompiledPolicy } from './compile-rules.ts';
import type { ConditionInput } from './condition.ts';
import { maskOfFindings } from './finding-mask.ts';
import { hasName } from './name-set.ts';
import { visitCandidates } from './rule-index.ts';
import type { RankedRule } from './rule-index.ts';
import { stricter } from './strictness.ts';

/** Who acts, as conditions see it. */
export interface PolicyAgent {
  id: string;
  owner?: string | undefined;
  purpose?: string | undefined;
}

/** What conditions see of a session. */
export type SessionFacts = Pick<SessionState, 'steps' | 'untrusted' | 'private' | 'egress'>;

export interface PolicyInput {
  event: GovernanceEvent;
  findings: readonly Finding[];
  riskScore: number;
  /** Before this event. Null: an event without a session; conditions then see one that has not begun. */
  session: SessionFacts | null;
  agent: PolicyAgent;
  /** Rules that have run out by then match nothing. */
  nowMs: number;
}

export interface PolicyOutcome {
  /** Null: neither a rule nor an error decided. */
  effect: PolicyEffect | null;
  /** Null with an effect: a failed condition decided, through the set's `onError`. */
  rule: PolicyRule | null;
  /** The first failed condition, by rank, that no deciding rule stood before. Holds nothing of the event. */
  error: { ruleId: string; detail: string } | null;
}

interface Search {
  input: PolicyInput;
  onError: 'hitl' | 'block';
  /** Bits of the findings. */
  mask: number;
  context: ConditionInput | null;
  match: RankedRule | null;
  failed: RankedRule | null;
  detail: string;
}

/**
 * Finds the rule that decides. Lists are read one by one, each no further than the lowest rank found so far.
 * A failed condition is a floor: the outcome is never milder than `onError`, whatever the rules behind it say.
 */
export function evaluatePolicy(compiled: CompiledPolicy, input: PolicyInput): PolicyOutcome {
  const search: Search = { input, onError: compiled.onError, mask: maskOfFindings(input.findings), context: null, match: null, failed: null, detail: '' };
  visitCandidates(compiled.index, input.event.action, input.event.agentId, searchList, search);
  const { match, failed } = search;
  const rule = match?.rule ?? null;
  if (failed === null || (match !== null && match.rank < failed.rank)) return { effect: rule?.effect ?? null, rule, error: null };
  const error = { ruleId: failed.rule.id, detail: search.detail };
  const raises = rule !== null && compiled.onError !== 'block' && stricter(compiled.onError, rule.effect) === rule.effect;
  return raises ? { effect: rule.effect, rule, error } : { effect: compiled.onError, rule: null, error };
}

function searchList(candidates: readonly RankedRule[], search: Search): void {
  for (const candidate of candidates) {
    if (candidate.rank >= (search.match?.rank ?? Infinity)) return;
    if (search.onError === 'block' && candidate.rank > (search.failed?.rank ?? Infinity)) return;
    if (!appliesTo(candidate, search)) continue;
    if (candidate.condition === null) {
      search.match = candidate;
      return;
    }
    const result = candidate.condition((search.context ??= conditionInput(search.input)));
    if ('failure' in result) {
      if (candidate.rank < (search.failed?.rank ?? Infinity)) {
        search.failed = candidate;
        search.detail = result.failure;
      }
    } else if (result.value) {
      search.match = candidate;
      return;
    }
  }
}

function appliesTo(candidate: RankedRule, { mask, input }: Search): boolean {
  if (candidate.expiresAtMs <= input.nowMs) return false;
  if (candidate.categories !== 0 && (candidate.categories & mask) === 0) return false;
  if (candidate.detectors !== 0 && (candidate.detectors & mask) === 0) return false;
  return hasName(candidate.agents, input.event.agentId);
}

function conditionInput({ event, findings, riskScore, session, agent }: PolicyInput): ConditionInput {
  const seen: ConditionInput['agent'] = { id: agent.id };
  if (agent.owner !== undefined) seen.owner = agent.owner;
  if (agent.purpose !== undefined) seen.purpose = agent.purpose;
  return {
    event,
    mast: { riskScore, categories: findings.map((finding) => finding.category), detectors: findings.map((finding) => finding.detector) },
    session: { steps: session?.steps ?? 0, untrusted: session?.untrusted ?? false, private: session?.private ?? false, egress: session?.egress ?? false },
    agent: seen,
  };
}
