import * as fc from 'fast-check';
import { compilePolicy } from '../../../core/policy/compile.ts';
import { evaluatePolicy } from '../../../core/policy/evaluate.ts';
import type { PolicyInput, PolicyOutcome } from '../../../core/policy/evaluate.ts';
import { indexRules, rankRules } from '../../../core/policy/rule-index.ts';
import { inspectRules } from '../../../core/policy/lint-rules.ts';
import { openSession } from '../../../core/detection/session-state.ts';
import type { PolicyEffect, PolicyRule, PolicySet } from '../../../schemas/policy.ts';
import { finding, policyInput, rule, setOf } from './rules.ts';

const FAILS = 'event.metadata.missing == 1';
const DETAIL = 'no_such_key at 6: metadata';

const failing = (over: Partial<PolicyRule> = {}): PolicyRule => rule('failing', { priority: 5, effect: 'allow', when: { condition: FAILS }, ...over });

const decide = (set: PolicySet, input: PolicyInput = policyInput()): PolicyOutcome => evaluatePolicy(compilePolicy(set), input);
const decidingRule = (set: PolicySet, input?: PolicyInput): string | null => decide(set, input).rule?.id ?? null;

const patterns = (name: fc.Arbitrary<string>) =>
  fc.option(
    fc.uniqueArray(
      fc.oneof(
        name,
        name.map((text) => `${text}*`),
        fc.constant('*'),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    { nil: undefined },
  );

describe('evaluatePolicy', () => {
  test('decides nothing where no rule matches', () => {
    expect(decide(setOf(rule('a', { when: { actions: ['other'] } })))).toEqual({ effect: null, rule: null, error: null });
  });

  test('the highest priority with a match decides, however mild', () => {
    expect(
      decidingRule(
        setOf(rule('strict', { effect: 'block', when: { actions: ['send_email'] } }), rule('mild', { effect: 'allow', priority: 9, when: { agents: ['a1'] } })),
      ),
    ).toBe('mild');
    expect(
      decidingRule(
        setOf(rule('strict', { effect: 'block', when: { actions: ['send_email'] } }), rule('mild', { effect: 'allow', priority: 9, when: { agents: ['a2'] } })),
      ),
    ).toBe('strict');
  });

  test('in one priority the strictest effect decides', () => {
    const effects: PolicyEffect[] = ['allow', 'alert', 'hitl', 'block'];
    for (let from = 0; from < effects.length; from++) {
      const rules = effects.slice(0, from + 1).map((effect, at) => rule(effect, { effect, when: { actions: ['send*'], agents: [`a1`, `only-${at}`] } }));
      expect(decidingRule({ rules })).toBe(effects[from]);
    }
  });

  test('actions and agents match by name or prefix', () => {
    const set = setOf(rule('a', { when: { actions: ['db_*', 'pay'], agents: ['bot-*', 'a1'] } }));
    for (const [action, agentId, matches] of [
      ['db_drop', 'a1', true],
      ['db_', 'bot-7', true],
      ['pay', 'bot-', true],
      ['payment', 'a1', false],
      ['db', 'a1', false],
      ['pay', 'a12', false],
    ] as const) {
      expect(decidingRule(set, policyInput({ action, agentId })) !== null).toBe(matches);
    }
  });

  test('categories and detectors ask for any finding of one of them, each on its own', () => {
    const set = setOf(rule('a', { when: { categories: ['Time', 'Action'], detectors: ['spc.cred', 'tim.loop'] } }));
    const [action, space] = [finding(), finding({ detector: 'spc.cred', category: 'Space' })];
    expect(decidingRule(set, policyInput({ findings: [action, space] }))).toBe('a');
    expect(decidingRule(set, policyInput({ findings: [action] }))).toBeNull();
    expect(decidingRule(set, policyInput({ findings: [space] }))).toBeNull();
    expect(decidingRule(set, policyInput({ findings: [] }))).toBeNull();
  });

  test('conditions see event, findings, session and agent', () => {
    const condition =
      'event.action == "send_email" && mast.riskScore == 12 && "act.scope" in mast.detectors && "Action" in mast.categories && session.steps == 4 && session.private && !session.egress && agent.owner == "ops@example.com" && !has(agent.purpose)';
    const input = policyInput({
      findings: [finding()],
      riskScore: 12,
      session: { ...openSession(0), steps: 4, private: true },
      agent: { id: 'a1', owner: 'ops@example.com', purpose: undefined },
    });
    expect(decidingRule(setOf(rule('a', { when: { condition } })), input)).toBe('a');
    expect(decidingRule(setOf(rule('a', { when: { condition: 'session.steps == 0 && !session.untrusted' } })))).toBe('a');
  });

  describe('a condition that fails', () => {
    test('blocks unless the set says hitl, and is reported without content of the event', () => {
      expect(decide(setOf(failing()))).toEqual({
        effect: 'block',
        rule: null,
        error: { ruleId: 'failing', detail: expect.stringMatching(/^no_such_key at \d+: metadata$/) },
      });
      expect(decide({ rules: [failing()], onError: 'hitl' })).toMatchObject({ effect: 'hitl', rule: null });
    });

    test('does nothing below a priority that has decided', () => {
      expect(decide(setOf(failing(), rule('above', { priority: 6, effect: 'allow', when: { actions: ['send_email'] } })))).toMatchObject({
        effect: 'allow',
        rule: { id: 'above' },
        error: null,
      });
    });

    test('lets no rule below it make the outcome milder, but stricter', () => {
      for (const effect of ['allow', 'alert'] as const) {
        expect(decide({ rules: [failing(), rule('below', { effect })], onError: 'hitl' })).toMatchObject({
          effect: 'hitl',
          rule: null,
          error: { ruleId: 'failing' },
        });
      }
      expect(decide({ rules: [failing(), rule('below', { effect: 'block' })], onError: 'hitl' })).toMatchObject({
        effect: 'block',
        rule: { id: 'below' },
        error: { ruleId: 'failing' },
      });
      expect(decide(setOf(failing(), rule('below', { effect: 'hitl' })))).toMatchObject({ effect: 'block', rule: null });
    });

    test('is not asked where findings or names already rule it out', () => {
      expect(decide(setOf(failing({ when: { condition: FAILS, categories: ['Time'] } }))).error).toBeNull();
      expect(decide(setOf(failing({ when: { condition: FAILS, agents: ['other'] } }))).error).toBeNull();
    });
  });

  test('a rule decides until the moment it expires, and nothing from then on', () => {
    const expiresAt = '2030-01-01T00:00:00+01:00';
    const atMs = Date.parse(expiresAt);
    const set = setOf(rule('for a while', { priority: 2, effect: 'allow', expiresAt }), rule('always'));
    expect(decidingRule(set, policyInput({ nowMs: atMs - 1 }))).toBe('for a while');
    expect(decidingRule(set, policyInput({ nowMs: atMs }))).toBe('always');
    const over = setOf(rule('over', { when: { condition: FAILS }, expiresAt }));
    expect(decide(over, policyInput({ nowMs: atMs - 1 })).error).not.toBeNull();
    expect(decide(over, policyInput({ nowMs: atMs }))).toEqual({ effect: null, rule: null, error: null });
  });

  test('agrees with reading all rules in order, whatever the set', () => {
    const action = fc.constantFrom('s', 'se', 'send', 'x');
    const agent = fc.constantFrom('a', 'ab', 'b');
    const shape = fc.record({
      priority: fc.nat(3),
      effect: fc.constantFrom<PolicyEffect>('allow', 'alert', 'hitl', 'block'),
      actions: patterns(action),
      agents: patterns(agent),
      categories: fc.option(fc.constant(['Action' as const]), { nil: undefined }),
      condition: fc.option(fc.constantFrom('true', 'false', FAILS), { nil: undefined }),
      expiresAtMs: fc.option(fc.constantFrom(1_000, 2_000, 3_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(shape, { maxLength: 24 }),
        fc.constantFrom('block' as const, 'hitl' as const),
        action,
        agent,
        fc.boolean(),
        (shapes, onError, actionName, agentId, found) => {
          const rules = shapes.map(({ priority, effect, expiresAtMs, ...when }, at) =>
            rule(`r${at}`, {
              priority,
              effect,
              when: Object.fromEntries(Object.entries(when).filter(([, value]) => value !== undefined)),
              ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
            }),
          );
          const inForce = rules.filter(({ expiresAt }) => expiresAt === undefined || Date.parse(expiresAt) > 2_000);
          // Random sets hold unreachable rules, which compilePolicy refuses; evaluation must be right all the same.
          const compiled = { set: { rules, onError }, onError, index: indexRules(inspectRules({ rules }).ranked) };
          const outcome = evaluatePolicy(compiled, policyInput({ action: actionName, agentId, findings: found ? [finding()] : [], nowMs: 2_000 }));
          expect(outcome).toEqual(readInOrder(inForce, onError, actionName, agentId, found));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('ranks by priority, then strictness, then order of writing', () => {
    const ranked = rankRules([rule('a'), rule('b', { priority: 1 }), rule('c', { effect: 'block' }), rule('d')], []);
    expect(ranked.map((each) => each.rule.id)).toEqual(['b', 'c', 'a', 'd']);
  });
});

function named(wanted: string[] | undefined, name: string): boolean {
  return wanted === undefined || wanted.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));
}

/** The same order, told the slow way: bands by priority, all rules of a band looked at. */
function readInOrder(rules: PolicyRule[], onError: 'hitl' | 'block', action: string, agentId: string, found: boolean): PolicyOutcome {
  const strictness: PolicyEffect[] = ['allow', 'alert', 'hitl', 'block'];
  let failed: PolicyRule | null = null;
  for (const priority of [3, 2, 1, 0]) {
    const band = rules.filter(
      (each) =>
        each.priority === priority && named(each.when.actions, action) && named(each.when.agents, agentId) && (each.when.categories === undefined || found),
    );
    for (const effect of strictness.toReversed()) {
      for (const each of band.filter((one) => one.effect === effect)) {
        if (each.when.condition === FAILS) {
          failed ??= each;
        } else if (each.when.condition !== 'false') {
          if (failed === null) return { effect, rule: each, error: null };
          const error = { ruleId: failed.id, detail: DETAIL };
          return onError === 'hitl' && strictness.indexOf(effect) >= strictness.indexOf('hitl')
            ? { effect, rule: each, error }
            : { effect: onError, rule: null, error };
        }
      }
    }
  }
  return failed === null ? { effect: null, rule: null, error: null } : { effect: onError, rule: null, error: { ruleId: failed.id, detail: DETAIL } };
}
