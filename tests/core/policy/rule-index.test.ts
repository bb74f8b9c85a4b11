import { indexRules, rankRules, visitCandidates } from '../../../core/policy/rule-index.ts';
import { rule } from './rules.ts';
import type { PolicyRule } from '../../../schemas/policy.ts';

function candidates(rules: PolicyRule[], action: string | null, agent: string | null): string[] {
  const found: string[] = [];
  visitCandidates(
    indexRules(rankRules(rules, [])),
    action,
    agent,
    (list, ids) => {
      expect(list.map((each) => each.rank)).toEqual(list.map((each) => each.rank).toSorted((a, b) => a - b));
      ids.push(...list.map((each) => each.rule.id));
    },
    found,
  );
  return found.toSorted();
}

describe('visitCandidates', () => {
  const rules = [
    rule('exact', { when: { actions: ['send_email', 'pay'] } }),
    rule('prefix', { when: { actions: ['send_*'] }, priority: 3 }),
    rule('shorter', { when: { actions: ['s*'] } }),
    rule('every', {}),
    rule('other', { when: { actions: ['read'] } }),
  ];

  test('gives the rules of an action, its prefixes and every action, and no others', () => {
    expect(candidates(rules, 'send_email', 'a')).toEqual(['every', 'exact', 'prefix', 'shorter']);
    expect(candidates(rules, 'send', 'a')).toEqual(['every', 'shorter']);
    expect(candidates(rules, 'unknown', 'a')).toEqual(['every']);
  });

  test('gives for a pattern the rules whose patterns are as wide or wider', () => {
    expect(candidates(rules, 'send_*', null)).toEqual(['every', 'prefix', 'shorter']);
    expect(candidates(rules, 'sen*', null)).toEqual(['every', 'shorter']);
    expect(candidates(rules, null, null)).toEqual(['every']);
  });

  test('of 1,000 rules on one action, an agent sees its own and the shared ones', () => {
    const many = Array.from({ length: 1000 }, (_, at) => rule(`r${at}`, { when: { actions: ['x'], agents: [`a${at % 500}`] } }));
    many.push(
      rule('prefix', { when: { actions: ['x'], agents: ['a*'] } }),
      rule('long', { when: { actions: ['x', 'y', 'z'], agents: Array.from({ length: 200 }, (_, at) => `b${at}`) } }),
    );
    expect(candidates(many, 'x', 'a7')).toEqual(['long', 'prefix', 'r507', 'r7']);
    expect(candidates(many, 'x', null)).toEqual(['long', 'prefix']);
  });
});
