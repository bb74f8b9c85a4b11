import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import type { ShieldDecision } from '../../../sdk/agent/src/decision.ts';
import { findBlocked } from '../../../sdk/agent/src/find-blocked.ts';

const DECISION: ShieldDecision = { eventId: 'evt_1', value: 'BLOCK', source: 'server', mast: [], riskScore: 90, reasons: ['no transfers'], policy: null };
const blocked = new MastGuardBlockedError(DECISION);

describe('findBlocked', () => {
  it.each([
    ['itself', blocked],
    ['a cause of a cause', new Error('outer', { cause: new Error('inner', { cause: blocked }) })],
    ['one of several errors', new AggregateError([new Error('other'), new Error('wrapped', { cause: blocked })])],
    ['the `error` of an event', { error: blocked }],
  ])('finds the block that is %s', (_, error) => {
    expect(findBlocked(error)).toBe(blocked);
  });

  it('finds none in other errors, in no error, and in errors that are their own cause', () => {
    const own = new Error('round');
    own.cause = own;
    for (const error of [new Error('other'), own, undefined, null, 'text', 0, { cause: {} }]) expect(findBlocked(error)).toBeUndefined();
  });
});

describe('MastGuardBlockedError', () => {
  it('holds the decision and says why in its message', () => {
    expect(blocked.decision).toBe(DECISION);
    expect(blocked.message).toBe('BLOCK for evt_1: no transfers');
    expect(String(blocked)).toBe('MastGuardBlockedError: BLOCK for evt_1: no transfers');
    const review = { id: 'rev_1', expiresAt: '2026-01-01T00:00:00.000Z', url: 'https://example.com/r' };
    expect(new MastGuardBlockedError({ ...DECISION, value: 'HITL', review }).message).toBe('HITL for evt_1 (review rev_1): no transfers');
  });

  it('is known by every copy of the package', () => {
    const copy = Object.defineProperty(new Error('of another copy'), Symbol.for('@auxdynamics/mastguard-agent-sdk/blocked-error'), { value: true });
    expect(copy).toBeInstanceOf(MastGuardBlockedError);
    expect(new Error('other')).not.toBeInstanceOf(MastGuardBlockedError);
  });
});
