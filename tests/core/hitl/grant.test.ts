import { assert, constantFrom, dictionary, jsonValue, property } from 'fast-check';
import { type ActiveGrant, allowByGrant, fittingGrant, type GrantedCall } from '../../../core/hitl/grant.ts';
import type { GovernanceEvent } from '../../../schemas/event.ts';
import type { Json } from '../../../schemas/json.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const GRANT: ActiveGrant = {
  id: 'gra_1',
  agentId: 'treasury',
  tool: 'transfer',
  bounds: { amount: { type: 'number', min: 0, max: 100, required: true }, to: { enum: ['alice', 'bob'] } },
  sessionId: null,
  expiresAtMs: NOW_MS + 1_000,
  grantedBy: { memberId: 'mem_owner', email: 'owner@example.com' },
};
const call = (args: Record<string, Json>, over: Partial<GovernanceEvent> = {}, asker: Partial<Omit<GrantedCall, 'event'>> = {}): GrantedCall => ({
  event: { id: 'e1', agentId: 'treasury', action: 'transfer', tool: { name: 'transfer', args }, ...over },
  requester: 'key:1',
  nowMs: NOW_MS,
  ...asker,
});
const fits = (grant: Partial<ActiveGrant>, granted: GrantedCall): boolean => fittingGrant([{ ...GRANT, ...grant }], granted) !== null;

describe('a grant covers a call', () => {
  it('whose arguments are all named and all within their bounds', () => {
    expect(fittingGrant([GRANT], call({ amount: 100, to: 'bob' }))).toBe(GRANT);
    expect(fits({}, call({ amount: 0 }))).toBe(true);
  });

  it.each([
    ['above its cap', { amount: 100.01 }],
    ['below its floor', { amount: -1 }],
    ['of another type', { amount: '100' }],
    ['outside its list', { amount: 1, to: 'eve' }],
    ['missing though it must be there', { to: 'bob' }],
    ['that nobody named', { amount: 1, memo: 'x' }],
    ['that has the name of something every object has', { amount: 1, constructor: 'x' }],
  ] as [string, Record<string, Json>][])('but none with an argument %s', (_which, args) => {
    expect(fits({}, call(args))).toBe(false);
  });

  it('without arguments only where it names none that must be there', () => {
    expect(fits({ bounds: {} }, call({}))).toBe(true);
    expect(fits({ bounds: {} }, call({ amount: 1 }))).toBe(false);
    expect(fits({}, call({}))).toBe(false);
  });

  it('never by a pattern that is not evaluated', () => {
    expect(fits({ bounds: { to: { pattern: '(a+)+' } } }, call({ to: 'aaaa' }))).toBe(false);
    expect(fits({ bounds: { to: { pattern: '[a-z]{1,8}' } } }, call({ to: 'alice' }))).toBe(true);
  });

  it('of its agent and its tool alone, name for name', () => {
    expect(fits({}, call({ amount: 1 }, { agentId: 'treasury-2' }))).toBe(false);
    expect(fits({ tool: 'trans*' }, call({ amount: 1 }))).toBe(false);
    expect(fits({}, { ...call({}), event: { id: 'e1', agentId: 'treasury', action: 'transfer' } })).toBe(false);
    expect(fits({}, call({ amount: 1 }, { channel: 'tool_result' }))).toBe(false);
  });

  it('of its session, where it has one', () => {
    expect(fits({ sessionId: 's1' }, call({ amount: 1 }, { sessionId: 's1' }))).toBe(true);
    expect(fits({ sessionId: 's1' }, call({ amount: 1 }, { sessionId: 's2' }))).toBe(false);
    expect(fits({ sessionId: 's1' }, call({ amount: 1 }))).toBe(false);
  });

  it('until its time is over, to the millisecond', () => {
    expect(fits({}, call({ amount: 1 }, {}, { nowMs: NOW_MS + 999 }))).toBe(true);
    expect(fits({}, call({ amount: 1 }, {}, { nowMs: NOW_MS + 1_000 }))).toBe(false);
  });

  it('unless whoever gave it is behind the request: by session, by key or as the one it is done for', () => {
    expect(fits({}, call({ amount: 1 }, {}, { requester: 'member:mem_owner' }))).toBe(false);
    expect(fits({}, call({ amount: 1 }, {}, { requesterMember: 'mem_owner' }))).toBe(false);
    expect(fits({}, call({ amount: 1 }, { principal: { user: 'mem_owner' } }))).toBe(false);
    expect(fits({}, call({ amount: 1 }, { principal: { user: 'Owner@Example.com' } }))).toBe(false);
    expect(fits({ grantedBy: { memberId: 'mem_gone', email: null } }, call({ amount: 1 }, { principal: { org: 'acme' } }))).toBe(true);
  });

  it('only ever within every bound, whatever is sent', () => {
    assert(
      property(dictionary(constantFrom('amount', 'to', 'memo', '__proto__', 'toString'), jsonValue()), (args) => {
        if (!fits({}, call(args as Record<string, Json>))) return;
        expect(Object.keys(args).every((name) => name === 'amount' || name === 'to')).toBe(true);
        const { amount, to = 'bob' } = args as { amount: number; to?: string };
        expect(amount >= 0 && amount <= 100 && ['alice', 'bob'].includes(to)).toBe(true);
      }),
    );
  });
});

test('the first of several that fit is used', () => {
  const [narrow, wide] = [GRANT, { ...GRANT, id: 'gra_2', bounds: { ...GRANT.bounds, amount: { max: 1_000 } } }];
  expect(fittingGrant([narrow, wide], call({ amount: 5 }))?.id).toBe('gra_1');
  expect(fittingGrant([narrow, wide], call({ amount: 500 }))?.id).toBe('gra_2');
  expect(fittingGrant([], call({ amount: 5 }))).toBeNull();
});

test('a call that a grant lets pass keeps its findings and says by which grant', () => {
  const evaluation = {
    value: 'HITL' as const,
    findings: [],
    riskScore: 70,
    reasons: ['transfers are decided by people'],
    policy: { version: 'p@1', ruleId: 'transfers' },
    policyError: null,
    review: { levels: [], outcome: 'block' as const },
    attestWithinMs: 60_000,
    session: null,
  };
  expect(allowByGrant(evaluation, GRANT)).toEqual({
    ...evaluation,
    value: 'ALLOW',
    review: null,
    reasons: ['allowed by grant gra_1', 'transfers are decided by people'],
  });
});
