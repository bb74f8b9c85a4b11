import * as fc from 'fast-check';
import { climb, ladderEndMs, type LadderMove, type LadderState, mayDecide, outcomeOf } from '../../../core/hitl/ladder.ts';
import type { ReviewPlan } from '../../../core/hitl/review.ts';
import { ReviewStep } from '../../../schemas/review.ts';

const START_MS = Date.UTC(2030, 0, 1);
const anyone = { roles: ['Owner', 'Admin', 'Reviewer'] } as ReviewPlan['levels'][number]['reviewers'];

const aLevel: fc.Arbitrary<ReviewPlan['levels'][number]> = fc.record({
  reviewers: fc.oneof(
    fc.constant(anyone),
    fc.record({ users: fc.subarray(['ann', 'bob'], { minLength: 1 }) }),
    fc.record({ groups: fc.subarray(['finance', 'board'], { minLength: 1 }) }),
  ),
  withinMs: fc.integer({ min: 1_000, max: 86_400_000 }),
});
const aPlan: fc.Arbitrary<ReviewPlan> = fc.record({
  levels: fc.array(aLevel, { minLength: 1, maxLength: 5 }),
  outcome: fc.constantFrom('block' as const, 'allow' as const),
});
const aReviewer = fc.record({
  memberId: fc.constantFrom('ann', 'bob', 'eve'),
  role: fc.constantFrom('Owner', 'Reviewer', 'Viewer', null),
  groups: fc.subarray(['finance', 'board']),
});
const aMove: fc.Arbitrary<LadderMove> = fc.oneof(
  fc.record({ step: fc.constantFrom('approve' as const, 'reject' as const, 'escalate' as const), reviewer: aReviewer }),
  fc.constant({ step: 'timeout' as const }),
  fc.record({ step: fc.constant('withdraw' as const), actor: fc.constant('key:1') }),
);

interface Climbed {
  state: LadderState;
  status: string;
  expiresAtMs: number;
}
const bottom = (plan: ReviewPlan): Climbed => ({ state: { level: 0, steps: [] }, status: 'pending', expiresAtMs: ladderEndMs(plan, 0, START_MS) });

test('whatever is tried: a level never goes down, one move is one step at most, and what was recorded stays as it was', () => {
  fc.assert(
    fc.property(aPlan, fc.array(fc.tuple(aMove, fc.integer({ min: 0, max: 3_600_000 })), { maxLength: 12 }), (plan, moves) => {
      let at = bottom(plan);
      let nowMs = START_MS;
      for (const [move, afterMs] of moves) {
        if (at.status !== 'pending') break;
        nowMs += afterMs;
        const before = structuredClone(at.state);
        const result = climb(plan, at.state, move, nowMs, at.expiresAtMs);
        expect(at.state).toEqual(before);
        if ('refused' in result) continue;
        expect(result.state.level).toBeGreaterThanOrEqual(before.level);
        expect(result.state.level - before.level).toBeLessThanOrEqual(1);
        expect(result.state.level).toBeLessThan(plan.levels.length);
        expect(result.state.steps.slice(0, -1)).toEqual(before.steps);
        expect(ReviewStep.parse(result.state.steps.at(-1))).toMatchObject({ step: move.step, level: before.level, at: new Date(nowMs).toISOString() });
        // Pending exactly as long as there is a time to wait for.
        expect(result.dueAtMs === null).toBe(result.status !== 'pending');
        at = result;
      }
    }),
  );
});

test('with nobody there every ladder ends expired, after one timeout per level, at the time that was told', () => {
  fc.assert(
    fc.property(aPlan, (plan) => {
      let at = bottom(plan);
      let nowMs = START_MS + (plan.levels[0]?.withinMs ?? 0);
      let timeouts = 0;
      while (at.status === 'pending') {
        const result = climb(plan, at.state, { step: 'timeout' }, nowMs, at.expiresAtMs);
        if ('refused' in result) throw new Error('a timeout was refused');
        timeouts += 1;
        expect(result.expiresAtMs).toBe(bottom(plan).expiresAtMs);
        expect(timeouts).toBeLessThanOrEqual(plan.levels.length);
        at = result;
        nowMs = result.dueAtMs ?? nowMs;
      }
      expect([at.status, timeouts, nowMs]).toEqual(['expired', plan.levels.length, at.expiresAtMs]);
    }),
  );
});

test('only who may decide the level moves it, and a refusal changes nothing', () => {
  fc.assert(
    fc.property(aPlan, fc.nat(4), aReviewer, fc.constantFrom('approve' as const, 'reject' as const, 'escalate' as const), (plan, index, reviewer, step) => {
      const level = index % plan.levels.length;
      const result = climb(plan, { level, steps: [] }, { step, reviewer }, START_MS, START_MS);
      const may = mayDecide(plan.levels[level]?.reviewers ?? {}, reviewer);
      if (!may) expect(result).toMatchObject({ refused: 'not-a-reviewer' });
      else if (step === 'escalate' && level === plan.levels.length - 1) expect(result).toMatchObject({ refused: 'last-level' });
      else expect(result).toMatchObject({ status: { approve: 'approved', reject: 'rejected', escalate: 'pending' }[step] });
    }),
  );
});

test('a level may be decided by user, by role or by group, and by nobody else', () => {
  const eve = { memberId: 'eve', role: 'Viewer', groups: ['finance'] };
  expect(mayDecide({ users: ['eve'] }, eve)).toBe(true);
  expect(mayDecide({ groups: ['finance'] }, eve)).toBe(true);
  expect(mayDecide(anyone, eve)).toBe(false);
  expect(mayDecide(anyone, { ...eve, role: null })).toBe(false);
  expect(mayDecide({}, { ...eve, role: 'Owner' })).toBe(false);
});

test('expired is what the policy says; rejected and withdrawn always block', () => {
  const plan = (outcome: 'allow' | 'block'): ReviewPlan => ({ levels: [], outcome });
  expect((['pending', 'approved', 'rejected', 'expired', 'withdrawn'] as const).map((status) => outcomeOf(plan('allow'), status))).toEqual([
    null,
    'allow',
    'block',
    'allow',
    'block',
  ]);
  expect(outcomeOf(plan('block'), 'expired')).toBe('block');
});
