import * as fc from 'fast-check';
import { delegationCycle } from '../../../core/hitl/delegation-cycle.ts';
import type { DatedDelegation } from '../../../core/hitl/delegation-cycle.ts';

const from = (delegator: string, to: string, startsAtMs = 0, endsAtMs = 10): DatedDelegation => ({ from: delegator, to, startsAtMs, endsAtMs });

describe('delegationCycle', () => {
  it('lets chains and forks be', () => {
    expect(delegationCycle(from('a', 'b'), [])).toBeNull();
    expect(delegationCycle(from('c', 'd'), [from('a', 'b'), from('b', 'c'), from('a', 'c')])).toBeNull();
  });

  it('names the circle and the moment from which on it would be one', () => {
    expect(delegationCycle(from('b', 'a', 5, 15), [from('a', 'b')])).toEqual({ members: ['b', 'a', 'b'], atMs: 5 });
    expect(delegationCycle(from('c', 'a', 0, 20), [from('a', 'b', 3, 9), from('b', 'c', 6, 12)])).toEqual({ members: ['c', 'a', 'b', 'c'], atMs: 6 });
    expect(delegationCycle(from('a', 'a'), [])).toEqual({ members: ['a', 'a'], atMs: 0 });
  });

  it('lets members stand in for one another in turn: a period ends before the moment it ends at', () => {
    expect(delegationCycle(from('b', 'a', 10, 20), [from('a', 'b', 0, 10)])).toBeNull();
    expect(delegationCycle(from('b', 'a', 0, 10), [from('a', 'b', 10, 20)])).toBeNull();
  });

  it('finds no circle in a chain whose links are never in force together', () => {
    expect(delegationCycle(from('c', 'a', 0, 20), [from('a', 'b', 0, 5), from('b', 'c', 5, 20)])).toBeNull();
  });

  it('passes through a circle that it does not belong to', () => {
    expect(delegationCycle(from('a', 'b'), [from('b', 'c', 0, 5), from('c', 'b', 5, 10)])).toBeNull();
  });
});

const END = 12;
const member = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const anyDelegation: fc.Arbitrary<DatedDelegation> = fc
  .tuple(member, member, fc.integer({ min: 0, max: END - 1 }), fc.integer({ min: 1, max: END }))
  .map(([delegator, to, startsAtMs, lengthMs]) => from(delegator, to, startsAtMs, Math.min(END, startsAtMs + lengthMs)));
/** Saves, and now and then the revocation of an earlier one. */
const anyHistory = fc.array(fc.oneof({ weight: 5, arbitrary: anyDelegation }, { weight: 1, arbitrary: fc.nat(20) }), { maxLength: 40 });

/** Takes away whoever delegates to nobody that is left, until nothing changes: what remains stands in a circle. */
function hasCycleAt(delegations: readonly DatedDelegation[], atMs: number): boolean {
  let left = delegations.filter(({ startsAtMs, endsAtMs }) => startsAtMs <= atMs && atMs < endsAtMs);
  for (;;) {
    const delegators = new Set(left.map((each) => each.from));
    const next = left.filter(({ to }) => delegators.has(to));
    if (next.length === left.length) return left.length > 0;
    left = next;
  }
}

const moments = Array.from({ length: END }, (_, atMs) => atMs);

test('after any accepted saves and revocations no moment has a circle, and no save is refused without one', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const saved: DatedDelegation[] = [];
      for (const next of history) {
        if (typeof next === 'number') {
          saved.splice(next, 1);
          continue;
        }
        const cycle = delegationCycle(next, saved);
        expect(cycle === null).toBe(!moments.some((atMs) => hasCycleAt([...saved, next], atMs)));
        if (cycle === null) saved.push(next);
        else {
          expect(cycle.atMs).toBe(moments.find((atMs) => hasCycleAt([...saved, next], atMs)));
          expect([cycle.members[0], cycle.members[1], cycle.members.at(-1)]).toEqual([next.from, next.to, next.from]);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('no cycle is seen in a thousand delegations that lead one way', () => {
  const existing = Array.from({ length: 1_000 }, (_, at) => from(`m${at % 50}`, `m${(at % 50) + 1 + (at % 7)}`, at, at + 1_500));
  expect(delegationCycle(from('m60', 'm0', 0, 3_000), existing)).toBeNull();
});
