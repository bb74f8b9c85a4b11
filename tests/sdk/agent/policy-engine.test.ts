import { PolicyInvalid } from '../../../core/policy/policy-invalid.ts';
import { PolicyEngine } from '../../../sdk/agent/src/policy-engine.ts';
import type { PolicySet } from '../../../sdk/agent/src/policy-set.ts';
import { SessionTracker } from '../../../sdk/agent/src/session-tracker.ts';

const POLICY: PolicySet = {
  rules: [
    { id: 'small', priority: 20, when: { actions: ['refund'], condition: 'event.tool.args.amount < 100.0' }, effect: 'allow', reason: 'small refunds' },
    { id: 'large', priority: 10, when: { actions: ['refund'] }, effect: 'hitl', reason: 'people decide large refunds' },
    { id: 'admin', priority: 10, when: { actions: ['admin_*'] }, effect: 'block', reason: 'no administration' },
  ],
};
const refund = (amount: number) => ({ id: 'e', agentId: 'a', action: 'refund', tool: { name: 'refund', args: { amount } } });

describe('PolicyEngine', () => {
  const engine = new PolicyEngine(POLICY, { version: 'mine@2' });

  it('decides as the server does: by priority, names and conditions', () => {
    expect(engine.evaluate(refund(80))).toMatchObject({ value: 'ALLOW', source: 'local', policy: { version: 'mine@2', ruleId: 'small' } });
    expect(engine.evaluate(refund(180))).toMatchObject({ value: 'HITL', policy: { ruleId: 'large' }, reasons: ['people decide large refunds'] });
    expect(engine.evaluate({ id: 'e', agentId: 'a', action: 'admin_reset' })).toMatchObject({ value: 'BLOCK' });
    expect(engine.evaluate({ id: 'e', agentId: 'a', action: 'look_up' })).toMatchObject({ value: 'ALLOW', policy: { ruleId: null } });
  });

  it('a condition that fails is a block', () => {
    expect(engine.evaluate({ id: 'e', agentId: 'a', action: 'refund', tool: { name: 'refund' } })).toMatchObject({ value: 'BLOCK' });
  });

  it('does not take its own organisation for another one: which it is only the server knows', () => {
    const read = { id: 'e', agentId: 'a', action: 'read', resource: { type: 'doc', id: '1', ownerOrg: 'org-a' } };
    expect(engine.evaluate(read).value).toBe('ALLOW');
    expect(engine.evaluate({ ...read, principal: { org: 'org-b' } }).value).toBe('BLOCK');
  });

  it('counts steps in the sessions it is given', () => {
    const sessions = new SessionTracker();
    const bounded = new PolicyEngine(
      { rules: [{ id: 'enough', priority: 1, when: { condition: 'session.steps >= 2' }, effect: 'block', reason: 'enough' }] },
      { sessions },
    );
    const values = [1, 2, 3].map((step) => bounded.evaluate({ id: `e${step}`, agentId: 'a', action: `step_${step}`, sessionId: 's' }).value);
    expect(values).toEqual(['ALLOW', 'ALLOW', 'BLOCK']);
  });

  it('refuses a policy with all that is wrong with it', () => {
    const wrong: PolicySet = {
      rules: [
        { id: 'a', priority: 1, when: { condition: 'event.action ==' }, effect: 'block', reason: 'r' },
        { id: 'a', priority: 0, when: {}, effect: 'allow', reason: 'r' },
      ],
    };
    expect(() => new PolicyEngine(wrong)).toThrow(PolicyInvalid);
    expect(PolicyEngine.check(wrong).map(({ pointer }) => pointer)).toEqual(['/rules/0/when/condition', '/rules/1/id']);
    expect(PolicyEngine.check(POLICY)).toEqual([]);
  });
});
