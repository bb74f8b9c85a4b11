import * as fc from 'fast-check';
import { matches } from '../../../core/hitl/electorate.ts';
import { climb } from '../../../core/hitl/ladder.ts';
import type { LadderMoved } from '../../../core/hitl/ladder-state.ts';
import { ReviewStep, ReviewVote } from '../../../schemas/review.ts';
import { anyAttempts, anyPlan, approversIn, history, type Taken } from './any-ladder.ts';
import { after, ASKED, attempt, edit, EDITED, HOUR_MS, level, MINUTE_MS, opened, OWNERS, plan, refusalOf, standing, START_MS, vote } from './ladders.ts';

const two = opened(plan([level({ quorum: 2 }), { ...OWNERS, withinMs: 2 * HOUR_MS }]));
const half = after(two, [vote('approve', 'ann', { via: 'link:7' }), vote('abstain', 'bob', { via: 'session' })]);
const voters = ({ state }: LadderMoved): string[] => (state.votes ?? []).map(({ memberId }) => memberId);

describe('timeout', () => {
  test('asks the next level, and after the last one the review has expired, at the time that was told', () => {
    const second = after(half, [{ step: 'timeout' }], { nowMs: START_MS + HOUR_MS });
    expect(second).toMatchObject({
      status: 'pending',
      state: { level: 1, votes: [] },
      dueAtMs: START_MS + 3 * HOUR_MS,
      taken: [{ step: 'timeout', actor: 'system', level: 0 }],
    });
    expect(second.expiresAtMs).toBe(two.expiresAtMs);
    expect(after(second, [{ step: 'timeout' }], { nowMs: second.expiresAtMs })).toMatchObject({ status: 'expired', dueAtMs: null, taken: [{ level: 1 }] });
  });
});

describe('withdraw', () => {
  test('ends the review, with the reason where there is one', () => {
    expect(after(half, [{ step: 'withdraw', actor: 'key:1', reason: 'done by hand' }])).toMatchObject({
      status: 'withdrawn',
      dueAtMs: null,
      taken: [{ step: 'withdraw', actor: 'key:1', reason: 'done by hand' }],
    });
    expect(after(half, [{ step: 'withdraw', actor: 'key:1' }]).taken[0]).not.toHaveProperty('reason');
  });
});

describe('revise', () => {
  test.each(['released', 'refused'] as const)('a world that changed ends the review: %s', (to) => {
    expect(after(half, [{ step: 'revise', actor: 'member:oda', reason: 'policy p2@1', to }])).toMatchObject({
      status: to,
      dueAtMs: null,
      digest: ASKED,
      taken: [{ step: 'revise', actor: 'member:oda', reason: 'policy p2@1' }],
    });
  });

  test('a new plan asks again from its first level: new digest, new times, no votes, nothing edited', () => {
    const edited = after(opened(plan([level({ quorum: 2 })], { allowEdit: true })), [edit('ann')]);
    const other = plan([{ ...OWNERS, withinMs: 2 * HOUR_MS }, level()]);
    const nowMs = START_MS + 5 * MINUTE_MS;
    const revised = after(edited, [{ step: 'revise', actor: 'system', reason: 'policy p2@1', to: 'pending', plan: other, digest: 'c'.repeat(64) }], { nowMs });
    expect(revised).toMatchObject({ status: 'pending', plan: other, digest: 'c'.repeat(64), dueAtMs: nowMs + 2 * HOUR_MS, expiresAtMs: nowMs + 3 * HOUR_MS });
    expect(revised.taken).toMatchObject([{ step: 'revise', level: 0, reason: 'policy p2@1', digest: 'c'.repeat(64), voided: ['ann'] }]);
    expect(revised.state).toEqual({ level: 0, openedAtMs: nowMs, votes: [], steps: [...edited.state.steps, ...revised.taken] });
    expect(refusalOf(revised, vote('approve', 'oda', { digest: EDITED }))).toBe('digest-changed');
    expect(after(revised, [vote('approve', 'oda')]).status).toBe('approved');
  });

  test('a review that stood higher starts at the first level again, and the step says where it stood', () => {
    const second = after(two, [{ step: 'timeout' }]);
    const revised = after(second, [{ step: 'revise', actor: 'system', reason: 'p2@1', to: 'pending', plan: two.plan, digest: EDITED }]);
    expect(revised).toMatchObject({ state: { level: 0 }, taken: [{ level: 1 }] });
    expect(revised.taken[0]).not.toHaveProperty('voided');
  });
});

describe('void', () => {
  test('takes away the votes of the members that are named', () => {
    const rest = after(half, [{ step: 'void', reason: 'left', memberIds: ['ann', 'cyd'] }]);
    expect(voters(rest)).toEqual(['bob']);
    expect(rest).toMatchObject({
      status: 'pending',
      dueAtMs: half.dueAtMs,
      expiresAtMs: half.expiresAtMs,
      taken: [{ step: 'void', actor: 'system', reason: 'left', voided: ['ann'] }],
    });
  });

  test('takes away the votes that were cast that way', () => {
    expect(voters(after(half, [{ step: 'void', reason: 'the link leaked', via: 'link:7' }]))).toEqual(['bob']);
    expect(voters(after(half, [{ step: 'void', reason: 'the link leaked', via: 'link:8' }]))).toEqual(['ann', 'bob']);
  });

  test('takes away no vote of which the way is unknown', () => {
    const plain = after(two, [vote('approve', 'ann')]);
    expect(voters(after(plain, [{ step: 'void', reason: 'nobody is named' }]))).toEqual(['ann']);
  });

  test('whose vote was taken away may vote again, and decides nothing by having voted before', () => {
    const rest = after(half, [{ step: 'void', reason: 'the link leaked', via: 'link:7' }]);
    expect(after(rest, [vote('approve', 'cyd')]).status).toBe('pending');
    expect(after(rest, [vote('approve', 'cyd'), vote('approve', 'ann')]).status).toBe('approved');
  });
});

test('a refusal says why and changes nothing', () => {
  const before = structuredClone(half);
  const refused = attempt(half, vote('approve', 'ada'));
  expect(refused).toEqual({ refused: 'not-a-reviewer', detail: expect.any(String) as string });
  expect(half).toEqual(before);
});

test('a level the plan does not have is a fault of the caller', () => {
  const context = { nowMs: START_MS, expiresAtMs: START_MS, digest: ASKED, standing: standing() };
  expect(() => climb(two.plan, { level: 2, steps: [] }, { step: 'timeout' }, context)).toThrow('no level 2');
});

describe('whatever is tried, by whoever is there', () => {
  const PEOPLE = new Set<string>(['approve', 'reject', 'escalate', 'respond', 'edit', 'abstain', 'break-glass']);
  const always = (check: (taken: Taken, result: LadderMoved) => void): void =>
    fc.assert(
      fc.property(anyPlan, anyAttempts, (asked, attempts) => {
        for (const taken of history(asked, attempts, START_MS)) if (!('refused' in taken.result)) check(taken, taken.result);
      }),
      { numRuns: 500 },
    );

  test('approved means that as many people as the level needs approved this digest there, or that the glass was broken', () => {
    let approvals = 0;
    always(({ standing: { members, excluded } }, { status, state, digest, plan: asked }) => {
      if (status !== 'approved' || state.steps.at(-1)?.step === 'break-glass') return;
      const at = asked.levels[state.level];
      if (at === undefined) throw new Error('the level is gone');
      const approvers = approversIn(state.steps, state.level, digest);
      const seats = members.filter((each) => matches(at.reviewers, each) && !excluded.includes(each.memberId));
      const aside = (state.votes ?? []).filter(({ verb }) => verb === 'abstain').length;
      const needed = Math.max(asked.twoPerson === true ? 2 : 1, at.quorum === 'all' ? seats.length - aside : (at.quorum ?? 1));
      expect(approvers.size).toBeGreaterThanOrEqual(needed);
      // Each a person who is there, in a seat nobody else fills; no seat and no person is the requester's.
      expect(new Set(approvers.values()).size).toBe(approvers.size);
      for (const [actor, seat] of approvers) {
        expect(members.map(({ memberId }) => memberId)).toContain(actor);
        expect(seats.map(({ memberId }) => memberId)).toContain(seat);
        expect(excluded).not.toContain(actor);
      }
      for (const role of at.separation ?? [])
        expect(seats.filter(({ memberId }) => [...approvers.values()].includes(memberId)).map((each) => each.role)).toContain(role);
      approvals += 1;
    });
    expect(approvals).toBeGreaterThan(0);
  });

  test('the glass is broken only by those the plan names, with a reason', () => {
    always(({ before, standing: { members, excluded } }, { taken }) => {
      const glass = taken.find(({ step }) => step === 'break-glass');
      if (glass === undefined) return;
      const who = members.find(({ memberId }) => memberId === glass.actor);
      expect(who !== undefined && before.plan.breakGlass !== undefined && matches(before.plan.breakGlass.reviewers, who)).toBe(true);
      expect(excluded).not.toContain(glass.actor);
      expect(glass.reason).toBeDefined();
    });
  });

  test('nobody excluded decides anything, and no vote is given in their seat', () => {
    always(({ before, standing: { excluded } }, { taken, state, status }) => {
      for (const { step, actor } of taken) if (PEOPLE.has(step)) expect(excluded).not.toContain(actor);
      const earlier = before.state.votes ?? [];
      const counted = status === 'approved' && taken.at(-1)?.step !== 'break-glass';
      for (const given of state.votes ?? [])
        if (counted || !earlier.includes(given)) for (const id of [given.memberId, given.seat]) expect(excluded).not.toContain(id);
    });
  });

  test('nobody fills two seats, and no seat is filled twice by votes that count', () => {
    always((_taken, { state, status, taken }) => {
      const votes = state.votes ?? [];
      expect(new Set(votes.map(({ memberId }) => memberId)).size).toBe(votes.length);
      if (status === 'approved' && taken.at(-1)?.step !== 'break-glass') expect(new Set(votes.map(({ seat }) => seat)).size).toBe(votes.length);
    });
  });

  test('a level never goes down, and up by one only, unless the action is asked again under a new plan', () => {
    always(({ before, move }, { state, plan: asked }) => {
      if (move.step === 'revise' && move.to === 'pending') expect([state.level, asked]).toEqual([0, move.plan]);
      else {
        expect([0, 1]).toContain(state.level - before.state.level);
        expect(asked).toBe(before.plan);
      }
      expect(state.level).toBeLessThan(asked.levels.length);
    });
  });

  test('the record only grows, by steps and votes of the public form', () => {
    always(({ before, move, nowMs }, { state, taken }) => {
      expect(state.steps).toEqual([...before.state.steps, ...taken]);
      expect(taken[0]).toMatchObject({ step: move.step, level: before.state.level, at: new Date(nowMs).toISOString() });
      for (const step of taken) expect(ReviewStep.parse(step)).toEqual(step);
      for (const given of state.votes ?? []) expect(ReviewVote.parse(given)).toEqual(given);
    });
  });

  test('a review is pending exactly as long as there is a time to wait for', () => {
    always((_taken, { status, dueAtMs, expiresAtMs }) => {
      expect(dueAtMs === null).toBe(status !== 'pending');
      if (dueAtMs !== null) expect(dueAtMs).toBeLessThanOrEqual(expiresAtMs);
    });
  });

  test('the same plan, state, move and context give the same result, and the state is left as it was', () => {
    fc.assert(
      fc.property(anyPlan, anyAttempts, (asked, attempts) => {
        const again = history(structuredClone(asked), structuredClone(attempts), START_MS);
        expect(history(asked, attempts, START_MS)).toEqual(again);
      }),
    );
  });

  test('with nobody there every ladder ends expired, after one timeout per level, at the time that was told', () => {
    fc.assert(
      fc.property(anyPlan, (asked) => {
        let at = opened(asked);
        let timeouts = 0;
        let nowMs = START_MS;
        while (at.dueAtMs !== null) {
          nowMs = at.dueAtMs;
          at = after(at, [{ step: 'timeout' }], { nowMs });
          timeouts += 1;
        }
        expect([at.status, timeouts, nowMs]).toEqual(['expired', asked.levels.length, opened(asked).expiresAtMs]);
      }),
    );
  });
});
