import { createHash } from 'node:crypto';
import { evaluateEvent } from '../../../core/decision/evaluate-event.ts';
import type { EventToEvaluate } from '../../../core/decision/evaluate-event.ts';
import type { Evaluation } from '../../../core/decision/evaluation.ts';
import { openSession } from '../../../core/detection/session-state.ts';
import { DEFAULT_REVIEW_PLAN } from '../../../core/hitl/default-plan.ts';
import { compilePolicy } from '../../../core/policy/compile.ts';
import type { PolicySet } from '../../../schemas/policy.ts';
import type { ReviewPolicy } from '../../../schemas/review-policy.ts';
import { rule, setOf } from '../policy/rules.ts';

const HARMLESS = { id: 'e1', agentId: 'a1', action: 'summarise' };
/** Runs a tool the agent was not granted. */
const UNGRANTED = { id: 'e2', agentId: 'a1', action: 'send_email', tool: { name: 'send_email', args: { to: 'someone@example.com' } } };
const PROFILE = { owner: 'ops@example.com', grantedTools: [] };
const REVIEW: ReviewPolicy = { levels: [{ reviewers: { groups: ['finance'] }, withinMs: 60_000 }], outcome: 'allow' };

function evaluate(set: PolicySet | null, over: Partial<EventToEvaluate> = {}): Evaluation {
  return evaluateEvent({
    orgId: 'org1',
    event: HARMLESS,
    profile: null,
    session: null,
    policy: set === null ? null : { version: 'p1@3', compiled: compilePolicy(set) },
    nowMs: 1_760_000_000_000,
    sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
    ...over,
  });
}

describe('evaluateEvent', () => {
  test('an event that nobody objects to is allowed, without reasons', () => {
    const nothing = { findings: [], riskScore: 0, reasons: [], policy: null, policyError: null, review: null, attestWithinMs: null, session: null };
    expect(evaluate(null)).toEqual({ value: 'ALLOW', ...nothing });
  });

  test('each effect has its value, and the deciding rule is named with its version', () => {
    for (const [effect, value] of [
      ['allow', 'ALLOW'],
      ['alert', 'ALERT'],
      ['hitl', 'HITL'],
      ['block', 'BLOCK'],
    ] as const) {
      expect(evaluate(setOf(rule('r', { effect })))).toMatchObject({ value, policy: { version: 'p1@3', ruleId: 'r' }, reasons: ['reason of r'] });
    }
  });

  test('without a matching rule the strictest default outcome of the findings decides', () => {
    const { value, findings, riskScore, policy } = evaluate({ rules: [], defaultEffect: 'allow' }, { event: UNGRANTED, profile: PROFILE });
    const order = ['alert', 'hitl', 'block'] as const;
    const strictest = Math.max(...findings.map((finding) => order.indexOf(finding.outcome)));
    expect(findings.length).toBeGreaterThan(0);
    expect(riskScore).toBeGreaterThan(0);
    expect(value).toBe(order[strictest]?.toUpperCase());
    expect(policy).toEqual({ version: 'p1@3', ruleId: null });
  });

  test('without findings and rules the set has the last word', () => {
    expect(evaluate({ rules: [], defaultEffect: 'block' })).toMatchObject({ value: 'BLOCK', policy: { ruleId: null } });
  });

  test('an allow rule overrides the detectors, whose findings stay reported behind its reason', () => {
    const { value, findings, riskScore, reasons } = evaluate(setOf(rule('exception', { effect: 'allow' })), { event: UNGRANTED, profile: PROFILE });
    expect(value).toBe('ALLOW');
    expect(riskScore).toBeGreaterThan(0);
    expect(reasons[0]).toBe('reason of exception');
    expect(new Set(reasons.slice(1))).toEqual(new Set(findings.map((finding) => finding.reason)));
  });

  test('a review is the rule’s, else the set’s, else the built-in one', () => {
    const other: ReviewPolicy = { levels: [{ reviewers: { users: ['u1'] }, withinMs: 1000 }] };
    expect(evaluate({ rules: [rule('r', { effect: 'hitl', review: REVIEW })], defaultReview: other }).review).toEqual(REVIEW);
    expect(evaluate({ rules: [rule('r', { effect: 'hitl' })], defaultReview: other }).review).toEqual({ ...other, outcome: 'block' });
    expect(evaluate(setOf(rule('r', { effect: 'hitl' }))).review).toEqual(DEFAULT_REVIEW_PLAN);
    expect(evaluate(setOf(rule('r', { effect: 'block' }))).review).toBeNull();
  });

  test('a review keeps every setting of the policy’s plan', () => {
    const full: ReviewPolicy = {
      ...REVIEW,
      levels: [{ reviewers: { groups: ['finance'] }, withinMs: 60_000, quorum: 'all' }],
      twoPerson: true,
      approvalTtlMs: 500,
    };
    expect(evaluate(setOf(rule('r', { effect: 'hitl', review: full }))).review).toEqual(full);
  });

  test('a failed condition never allows: it is named, and a stricter detector stands', () => {
    const broken = rule('broken', { effect: 'allow', when: { condition: 'event.metadata.missing == 1' } });
    expect(evaluate(setOf(broken))).toMatchObject({
      value: 'BLOCK',
      policy: { ruleId: null },
      policyError: { ruleId: 'broken' },
      reasons: ['The condition of rule broken could not be evaluated.'],
    });
    expect(evaluate({ rules: [broken], onError: 'hitl' })).toMatchObject({ value: 'HITL', review: DEFAULT_REVIEW_PLAN });
    const withFindings = evaluate({ rules: [broken], onError: 'hitl' }, { event: UNGRANTED, profile: PROFILE });
    expect(withFindings.value).toBe(withFindings.findings.some((finding) => finding.outcome === 'block') ? 'BLOCK' : 'HITL');
  });

  test('conditions see the profile’s owner and the session before this event, the result holds the one after', () => {
    const set = setOf(rule('first', { effect: 'alert', when: { condition: 'session.steps == 0 && agent.owner == "ops@example.com"' } }));
    const { value, session } = evaluate(set, { event: { ...HARMLESS, sessionId: 's1' }, session: openSession(0), profile: { owner: 'ops@example.com' } });
    expect([value, session?.steps]).toEqual(['ALERT', 1]);
  });

  test('the same input gives the same evaluation', () => {
    const set = setOf(rule('r', { when: { condition: 'mast.riskScore >= 1' }, effect: 'hitl' }));
    expect(evaluate(set, { event: UNGRANTED, profile: PROFILE })).toEqual(evaluate(set, { event: UNGRANTED, profile: PROFILE }));
  });
});
