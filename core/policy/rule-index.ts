import type { PolicyRule } from '../../schemas/policy.ts';
import type { Condition } from './condition.ts';
import { maskOfNames } from './finding-mask.ts';
import { compileNames } from './name-set.ts';
import type { NameSet } from './name-set.ts';
import { STRICTNESS } from './strictness.ts';

/** A rule as evaluation wants it. Of all rules that match, the lowest `rank` decides. */
export interface RankedRule {
  rule: PolicyRule;
  /** Place in the set as written. */
  position: number;
  rank: number;
  actions: NameSet | null;
  agents: NameSet | null;
  /** 0: any. */
  categories: number;
  detectors: number;
  condition: Condition | null;
  /** Infinity: it does not run out. */
  expiresAtMs: number;
}

/** Rules of one action or prefix, each list in order of rank. */
interface Bucket {
  anyAgent: RankedRule[];
  byAgent: Map<string, RankedRule[]> | null;
}

export interface RuleIndex {
  exact: ReadonlyMap<string, Bucket>;
  byPrefix: ReadonlyMap<string, Bucket>;
  /** Ascending, without repeats. */
  prefixLengths: readonly number[];
  everyAction: Bucket;
}

/** Below this a bucket is read through faster than it is looked up. */
const MIN_RULES_TO_SPLIT = 8;
/** A rule of more actions times agents stays in the shared lists: 500 by 500 would file it 250,000 times. */
const MAX_ENTRIES_PER_RULE = 512;

/** Priority first, then the stricter effect, then the order of writing. */
export function rankRules(rules: readonly PolicyRule[], conditions: readonly (Condition | null)[]): RankedRule[] {
  const ranked = rules.map((rule, position) => ({
    rule,
    position,
    rank: 0,
    actions: compileNames(rule.when.actions),
    agents: compileNames(rule.when.agents),
    categories: maskOfNames(rule.when.categories),
    detectors: maskOfNames(rule.when.detectors),
    condition: conditions[position] ?? null,
    expiresAtMs: rule.expiresAt === undefined ? Infinity : Date.parse(rule.expiresAt),
  }));
  ranked.sort((a, b) => b.rule.priority - a.rule.priority || STRICTNESS[b.rule.effect] - STRICTNESS[a.rule.effect] || a.position - b.position);
  for (const [rank, rule] of ranked.entries()) rule.rank = rank;
  return ranked;
}

/** Files rules, given in order of rank, by action and, in large buckets, by agent. */
export function indexRules(ranked: readonly RankedRule[]): RuleIndex {
  const exact = new Map<string, RankedRule[]>();
  const byPrefix = new Map<string, RankedRule[]>();
  const everyAction: RankedRule[] = [];
  for (const rule of ranked) {
    if (rule.actions === null) everyAction.push(rule);
    else {
      for (const name of rule.actions.exact) append(exact, name, rule);
      for (const prefix of new Set(rule.actions.prefixes)) append(byPrefix, prefix, rule);
    }
  }
  return {
    exact: mapValues(exact, toBucket),
    byPrefix: mapValues(byPrefix, toBucket),
    prefixLengths: [...new Set([...byPrefix.keys()].map((prefix) => prefix.length))].toSorted((a, b) => a - b),
    everyAction: toBucket(everyAction),
  };
}

/**
 * Calls `visit` with each list that may hold rules for an action and an agent. A pattern may stand in for either:
 * `send*` finds the rules whose pattern is as wide or wider, null those for every name. No list is copied; `state` goes to `visit` as it is, so that a caller needs no closure.
 */
export function visitCandidates<S>(index: RuleIndex, action: string | null, agent: string | null, visit: Visit<S>, state: S): void {
  if (action !== null) {
    const isPrefix = action.endsWith('*');
    const length = isPrefix ? action.length - 1 : action.length;
    if (!isPrefix) visitBucket(index.exact.get(action), agent, visit, state);
    for (const prefixLength of index.prefixLengths) {
      if (prefixLength > length) break;
      visitBucket(index.byPrefix.get(action.slice(0, prefixLength)), agent, visit, state);
    }
  }
  visitBucket(index.everyAction, agent, visit, state);
}

export type Visit<S> = (rules: readonly RankedRule[], state: S) => void;

function visitBucket<S>(bucket: Bucket | undefined, agent: string | null, visit: Visit<S>, state: S): void {
  if (bucket === undefined) return;
  if (bucket.byAgent !== null && agent !== null) {
    const own = bucket.byAgent.get(agent);
    if (own !== undefined) visit(own, state);
  }
  if (bucket.anyAgent.length > 0) visit(bucket.anyAgent, state);
}

function toBucket(rules: RankedRule[]): Bucket {
  if (rules.length < MIN_RULES_TO_SPLIT) return { anyAgent: rules, byAgent: null };
  const byAgent = new Map<string, RankedRule[]>();
  const anyAgent: RankedRule[] = [];
  for (const rule of rules) {
    const agents = agentsToFile(rule);
    if (agents === null) anyAgent.push(rule);
    else for (const agent of agents) append(byAgent, agent, rule);
  }
  return { anyAgent, byAgent: byAgent.size === 0 ? null : byAgent };
}

/** Null: the rule is for agents by prefix, for all of them, or for too many. */
function agentsToFile({ agents, actions }: RankedRule): ReadonlySet<string> | null {
  if (agents === null || agents.prefixes.length > 0) return null;
  const lists = actions === null ? 1 : actions.exact.size + actions.prefixes.length;
  return agents.exact.size * lists > MAX_ENTRIES_PER_RULE ? null : agents.exact;
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function mapValues<T, U>(map: ReadonlyMap<string, T>, change: (value: T) => U): Map<string, U> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}
