import type { PolicyRule, PolicySet } from '../../schemas/policy.ts';
import { compileCondition } from './condition.ts';
import type { Condition } from './condition.ts';
import { coversNames } from './name-set.ts';
import type { NameSet } from './name-set.ts';
import type { PolicyIssue } from './policy-invalid.ts';
import { indexRules, rankRules, visitCandidates } from './rule-index.ts';
import type { RankedRule } from './rule-index.ts';

/** All that is wrong with the rules of a set whose shape the schema has already accepted, but for their reviews. */
export function lintRules(set: PolicySet): PolicyIssue[] {
  return inspectRules(set).issues;
}

/** The same, with what compiling needs anyway. */
export function inspectRules(set: PolicySet): { issues: PolicyIssue[]; ranked: RankedRule[] } {
  const issues: PolicyIssue[] = [];
  const conditions = set.rules.map((rule, position) => conditionOf(rule, position, issues));
  issues.push(...duplicateIds(set.rules), ...idleReviews(set.rules), ...idleReports(set.rules));
  const ranked = rankRules(set.rules, conditions);
  issues.push(...unreachableRules(ranked));
  return { issues, ranked };
}

function conditionOf(rule: PolicyRule, position: number, issues: PolicyIssue[]): Condition | null {
  if (rule.when.condition === undefined) return null;
  const result = compileCondition(rule.when.condition);
  if ('condition' in result) return result.condition;
  issues.push({ pointer: `/rules/${position}/when/condition`, detail: result.problem });
  return null;
}

function duplicateIds(rules: readonly PolicyRule[]): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  const first = new Map<string, number>();
  for (const [position, { id }] of rules.entries()) {
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, position);
    else issues.push({ pointer: `/rules/${position}/id`, detail: `\`${id}\` is also the id of /rules/${earlier}` });
  }
  return issues;
}

function idleReviews(rules: readonly PolicyRule[]): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  for (const [position, { review, effect }] of rules.entries()) {
    if (review !== undefined && effect !== 'hitl')
      issues.push({ pointer: `/rules/${position}/review`, detail: `only effect \`hitl\` opens a review, this rule's is \`${effect}\`` });
  }
  return issues;
}

function idleReports(rules: readonly PolicyRule[]): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  for (const [position, { attestWithinMs, effect }] of rules.entries()) {
    if (attestWithinMs !== undefined && effect === 'block')
      issues.push({ pointer: `/rules/${position}/attestWithinMs`, detail: 'nobody reports on an action that is blocked' });
  }
  return issues;
}

interface Search {
  rule: RankedRule;
  cover: RankedRule | null;
}

/** Rules that another one, of lower rank and wider reach, always forestalls. The index leaves few pairs to compare. */
function unreachableRules(ranked: readonly RankedRule[]): PolicyIssue[] {
  const index = indexRules(ranked);
  const issues: PolicyIssue[] = [];
  for (const rule of ranked) {
    const search: Search = { rule, cover: null };
    visitCandidates(index, someName(rule.actions), someName(rule.agents), findCover, search);
    if (search.cover !== null) {
      issues.push({
        pointer: `/rules/${rule.position}`,
        detail: `never decides: \`${search.cover.rule.id}\` (/rules/${search.cover.position}) always decides before it`,
      });
    }
  }
  return issues.toSorted((a, b) => positionIn(a) - positionIn(b));
}

const positionIn = ({ pointer }: PolicyIssue): number => Number(pointer.slice('/rules/'.length));

/** Whoever covers all the names covers this one, so the index is asked for it alone. */
function someName(names: NameSet | null): string | null {
  if (names === null) return null;
  for (const name of names.exact) return name;
  return `${names.prefixes[0] ?? ''}*`;
}

function findCover(candidates: readonly RankedRule[], search: Search): void {
  if (search.cover !== null) return;
  for (const candidate of candidates) {
    if (candidate.rank >= search.rule.rank) return;
    if (covers(candidate, search.rule)) {
      search.cover = candidate;
      return;
    }
  }
}

function covers(outer: RankedRule, inner: RankedRule): boolean {
  const condition = outer.rule.when.condition;
  return (
    (condition === undefined || condition === inner.rule.when.condition) &&
    outer.expiresAtMs >= inner.expiresAtMs &&
    coversMask(outer.categories, inner.categories) &&
    coversMask(outer.detectors, inner.detectors) &&
    coversNames(outer.agents, inner.agents) &&
    coversNames(outer.actions, inner.actions)
  );
}

const coversMask = (outer: number, inner: number): boolean => outer === 0 || (inner !== 0 && (inner & ~outer) === 0);
