import type { ReviewStep } from '../../../schemas/review.ts';
import {
  after,
  ASKED,
  attempt,
  ballot,
  delegated,
  edit,
  EDITED,
  level,
  member,
  MINUTE_MS,
  only,
  opened,
  OWNERS,
  plan,
  refusalOf,
  standing,
  START_MS,
  vote,
} from './ladders.ts';

const single = opened(plan([level()]));
const two = opened(plan([level({ quorum: 2 }), OWNERS]));
const names = (steps: readonly ReviewStep[]): string[] => steps.map(({ step }) => step);

describe('the verbs', () => {
  test('an approval approves, and says of what, by whom, which way and after how long', () => {
    const approved = attempt(single, vote('approve', 'ann', { reason: 'fine', via: 'link:7' }));
    const step = { step: 'approve', actor: 'ann', via: 'link:7', level: 0, at: '2030-01-01T00:01:00.000Z', reason: 'fine', digest: ASKED, tookMs: MINUTE_MS };
    expect(approved).toMatchObject({
      status: 'approved',
      digest: ASKED,
      dueAtMs: null,
      state: { votes: [{ memberId: 'ann', seat: 'ann', verb: 'approve', via: 'link:7' }] },
    });
    expect(approved).toHaveProperty('taken', [step]);
  });

  test('one rejection rejects, whatever the quorum', () => {
    expect(after(two, [vote('approve', 'ann'), vote('reject', 'bob', { reason: 'no' })])).toMatchObject({
      status: 'rejected',
      taken: [{ step: 'reject', actor: 'bob', reason: 'no' }],
    });
  });

  test('who has approved may still reject', () => {
    expect(after(two, [vote('approve', 'ann'), vote('reject', 'ann')]).status).toBe('rejected');
  });

  test('a response ends the review and is kept for the agent', () => {
    expect(after(two, [vote('respond', 'ann', { message: 'ask again on Monday' })])).toMatchObject({
      status: 'responded',
      state: { response: 'ask again on Monday' },
      taken: [{ step: 'respond', message: 'ask again on Monday' }],
    });
  });

  test('escalating asks the next level without the votes of this one', () => {
    const escalated = after(two, [vote('approve', 'ann'), vote('escalate', 'bob')]);
    expect(escalated).toMatchObject({ status: 'pending', state: { level: 1, votes: [] } });
    expect(refusalOf(escalated, vote('approve', 'ann'))).toBe('not-a-reviewer');
    expect(after(escalated, [vote('approve', 'oda')]).status).toBe('approved');
  });

  test('from the last level nobody escalates', () => {
    expect(refusalOf(single, vote('escalate', 'ann'))).toBe('last-level');
  });

  test('an abstention leaves the level open while others can still approve', () => {
    expect(after(two, [vote('abstain', 'ann'), vote('approve', 'bob')])).toMatchObject({ status: 'pending', state: { level: 0 } });
    expect(after(two, [vote('abstain', 'ann'), vote('approve', 'bob'), vote('approve', 'cyd')]).status).toBe('approved');
  });

  test('a later vote of the same person takes the place of an abstention, and an abstention that of an approval', () => {
    expect(after(two, [vote('abstain', 'ann'), vote('approve', 'ann')]).state.votes).toMatchObject([{ memberId: 'ann', verb: 'approve' }]);
    expect(after(two, [vote('approve', 'ann'), vote('abstain', 'ann')]).state.votes).toMatchObject([{ memberId: 'ann', verb: 'abstain' }]);
  });

  test('whoever matches no level decides nothing', () => {
    for (const step of ['approve', 'reject', 'escalate', 'respond', 'abstain'] as const) expect(refusalOf(two, vote(step, 'ada'))).toBe('not-a-reviewer');
    expect(refusalOf(two, vote('approve', 'nobody'))).toBe('not-a-reviewer');
  });
});

describe('what every decision needs', () => {
  test('where the plan wants a reason, no verb goes without', () => {
    const reasoned = opened(plan([level(), OWNERS], { reasonRequired: true }));
    for (const step of ['approve', 'reject', 'escalate', 'respond', 'edit', 'abstain'] as const)
      expect(refusalOf(reasoned, vote(step, 'ann'))).toBe('reason-required');
    expect(after(reasoned, [vote('approve', 'ann', { reason: 'fine' })]).status).toBe('approved');
  });

  test('a decision on what has changed since is not taken', () => {
    for (const step of ['approve', 'reject', 'break-glass'] as const) expect(refusalOf(single, vote(step, 'ann', { digest: EDITED }))).toBe('digest-changed');
    expect(refusalOf(single, vote('approve', 'ann', { digest: ASKED }))).toBeNull();
  });

  test('nobody votes twice', () => {
    expect(refusalOf(after(two, [vote('approve', 'ann')]), vote('approve', 'ann'))).toBe('already-voted');
  });

  test('an approval or edit within five seconds is marked as quick, and no other decision is', () => {
    const marks = (step: ReturnType<typeof vote>, tookMs: number): unknown => {
      const result = attempt(opened(plan([level()], { allowEdit: true })), step, { nowMs: START_MS + tookMs });
      return 'taken' in result ? [result.taken[0]?.quick, result.taken[0]?.tookMs] : result;
    };
    expect(marks(vote('approve', 'ann'), 4_999)).toEqual([true, 4_999]);
    expect(marks(vote('approve', 'ann'), 5_000)).toEqual([undefined, 5_000]);
    expect(marks(edit('ann'), 100)).toEqual([true, 100]);
    expect(marks(vote('reject', 'ann'), 100)).toEqual([undefined, 100]);
  });

  test('how long a decision took counts from when its level was asked', () => {
    const second = after(two, [{ step: 'timeout' }], { nowMs: START_MS + 60 * MINUTE_MS });
    expect(attempt(second, vote('approve', 'oda'), { nowMs: START_MS + 62 * MINUTE_MS })).toMatchObject({ taken: [{ level: 1, tookMs: 2 * MINUTE_MS }] });
    // A row of 0.1.0.
    expect(attempt({ ...single, state: { level: 0, steps: [] } }, vote('approve', 'ann'))).toMatchObject({ taken: [{ tookMs: MINUTE_MS }] });
  });

  test('a clock that went backwards took no time', () => {
    expect(attempt(single, vote('approve', 'ann'), { nowMs: START_MS - 1 })).toMatchObject({ taken: [{ tookMs: 0, quick: true }] });
  });
});

describe('the requester', () => {
  test('decides nothing on their own request, not even with a glass to break', () => {
    const own = opened(plan([level(), OWNERS], { allowEdit: true, breakGlass: { reviewers: { users: ['ann'] }, reviewWithinMs: 1_000 } }));
    for (const step of ['approve', 'reject', 'escalate', 'respond', 'abstain', 'break-glass'] as const) {
      expect(refusalOf(own, vote(step, 'ann', { reason: 'mine' }), { standing: standing({ excluded: ['ann'] }) })).toBe('own-request');
    }
    expect(refusalOf(own, edit('ann'), { standing: standing({ excluded: ['ann'] }) })).toBe('own-request');
  });

  test('is not voted for by a deputy, and votes for nobody', () => {
    const both = standing({ excluded: ['ann'], delegations: delegated('ann>ada', 'bob>ann') });
    expect(refusalOf(single, vote('approve', 'ada'), { standing: both })).toBe('not-a-reviewer');
    expect(refusalOf(single, vote('approve', 'ann'), { standing: both })).toBe('own-request');
  });

  test('does not choose a deputy for somebody else, by no chain and in no loop', () => {
    const chain = standing({ excluded: ['ann'], delegations: delegated('bob>ann', 'ann>ada', 'ada>bob') });
    expect(refusalOf(single, vote('approve', 'ada'), { standing: chain })).toBe('not-a-reviewer');
    expect(refusalOf(single, vote('approve', 'bob'), { standing: chain })).toBeNull();
  });

  test('who turns out to be behind the request loses the vote they gave', () => {
    const first = after(two, [vote('approve', 'ann')]);
    expect(after(first, [vote('approve', 'bob')], { standing: standing({ excluded: ['ann'] }) })).toMatchObject({
      status: 'pending',
      state: { votes: [{ memberId: 'bob' }] },
      taken: [{ step: 'approve' }, { step: 'void', voided: ['ann'] }],
    });
  });
});

describe('delegation', () => {
  const lent = (...arrows: `${string}>${string}`[]): { standing: ReturnType<typeof standing> } => ({
    standing: standing({ delegations: delegated(...arrows) }),
  });

  test('a deputy’s vote fills the holder’s seat, and says so', () => {
    expect(after(single, [vote('approve', 'ada')], lent('bob>ada'))).toMatchObject({
      status: 'approved',
      state: { votes: [{ memberId: 'ada', seat: 'bob' }] },
      taken: [{ actor: 'ada', onBehalfOf: 'bob' }],
    });
  });

  test('a seat is filled once: after the deputy the holder has no vote, and after the holder the deputy has none', () => {
    expect(refusalOf(after(two, [vote('approve', 'ada')], lent('bob>ada')), vote('approve', 'bob'), lent('bob>ada'))).toBe('already-voted');
    expect(refusalOf(after(two, [vote('approve', 'bob')], lent('bob>ada')), vote('approve', 'ada'), lent('bob>ada'))).toBe('not-a-reviewer');
  });

  test('one person fills one seat, though several have delegated to them', () => {
    const first = after(two, [vote('approve', 'ada')], lent('ann>ada', 'bob>ada'));
    expect(first).toMatchObject({ status: 'pending', state: { votes: [{ memberId: 'ada', seat: 'ann' }] } });
    expect(refusalOf(first, vote('approve', 'ada'), lent('ann>ada', 'bob>ada'))).toBe('already-voted');
  });

  test('who has a seat fills that one, not the one of whoever delegated to them', () => {
    const first = after(two, [vote('approve', 'bob')], lent('ann>bob'));
    expect(first.state.votes).toMatchObject([{ memberId: 'bob', seat: 'bob' }]);
    expect(first.taken[0]).not.toHaveProperty('onBehalfOf');
    expect(refusalOf(first, vote('approve', 'bob'), lent('ann>bob'))).toBe('already-voted');
    expect(after(first, [vote('approve', 'ann')], lent('ann>bob')).status).toBe('approved');
  });

  test('a chain reaches the holder’s seat, and a loop gives nobody a second vote', () => {
    expect(after(single, [vote('approve', 'oda')], lent('ann>ada', 'ada>oda')).state.votes).toMatchObject([{ memberId: 'oda', seat: 'ann' }]);
    const loop = lent('ann>bob', 'bob>cyd', 'cyd>ann');
    const first = after(two, [vote('approve', 'ann')], loop);
    expect(refusalOf(first, vote('approve', 'ann'), loop)).toBe('already-voted');
    expect(after(first, [vote('approve', 'bob')], loop)).toMatchObject({ status: 'approved', state: { votes: [{ seat: 'ann' }, { seat: 'bob' }] } });
  });

  test('a deputy’s vote after the delegation keeps the holder from nothing', () => {
    const first = after(two, [vote('approve', 'ada')], lent('bob>ada'));
    const own = after(first, [vote('approve', 'bob')]);
    expect(own).toMatchObject({
      status: 'pending',
      state: { votes: [{ memberId: 'bob', seat: 'bob' }] },
      taken: [
        { step: 'approve', actor: 'bob' },
        { step: 'void', voided: ['ada'] },
      ],
    });
  });

  test('a deputy who is given a seat of their own votes again, there', () => {
    const everybody = opened(plan([level({ quorum: 'all' }), OWNERS]));
    const before = standing({ members: [member('ann'), member('ada', 'Admin')], delegations: delegated('ann>ada') });
    // With no seat but ann's, one approval is all there is.
    expect(after(everybody, [vote('approve', 'ada')], { standing: before }).status).toBe('approved');
    const now = standing({ members: [member('ann'), member('ada')], delegations: delegated('ann>ada') });
    const voted = { ...everybody, state: { ...everybody.state, votes: [ballot('ada for ann')] } };
    const again = after(voted, [vote('approve', 'ada')], { standing: now });
    expect(again).toMatchObject({ status: 'pending', state: { level: 0, votes: [{ memberId: 'ada', seat: 'ada' }] } });
    expect(after(again, [vote('approve', 'ann')], { standing: now }).status).toBe('approved');
  });
});

describe('votes are looked at once more when they would be enough', () => {
  const first = after(two, [vote('approve', 'ann')]);

  test.each([
    ['the role has changed', standing({ members: [member('ann', 'Viewer'), member('bob'), member('cyd')] })],
    ['the member is gone', standing({ members: only('bob', 'cyd') })],
  ])('%s: the vote is void and the review stays pending', (_why, now) => {
    const second = after(first, [vote('approve', 'bob')], { standing: now });
    expect(second).toMatchObject({ status: 'pending', dueAtMs: first.dueAtMs, state: { level: 0, votes: [{ memberId: 'bob' }] } });
    expect(second.taken).toMatchObject([{ step: 'approve' }, { step: 'void', actor: 'system', voided: ['ann'], reason: expect.any(String) as string }]);
    expect(after(second, [vote('approve', 'cyd')], { standing: now }).status).toBe('approved');
  });

  test('the delegation has ended: the vote is void and the review stays pending', () => {
    const lent = after(two, [vote('approve', 'ada')], { standing: standing({ delegations: delegated('ann>ada') }) });
    expect(after(lent, [vote('approve', 'bob')])).toMatchObject({
      status: 'pending',
      state: { votes: [{ memberId: 'bob' }] },
      taken: [{ step: 'approve' }, { voided: ['ada'] }],
    });
  });

  test('an abstention that no longer holds takes nobody out of all', () => {
    const all = opened(plan([level({ quorum: 'all' })]));
    const aside = after(all, [vote('abstain', 'ann')]);
    const gone = standing({ members: only('bob', 'cyd') });
    expect(after(aside, [vote('approve', 'bob')], { standing: gone })).toMatchObject({ status: 'pending', state: { votes: [{ memberId: 'bob' }] } });
  });
});

describe('a quorum that cannot be reached any more', () => {
  test('asks the next level, and says so', () => {
    const moved = after(two, [vote('abstain', 'ann'), vote('abstain', 'bob')]);
    expect(moved).toMatchObject({ status: 'pending', state: { level: 1, votes: [] } });
    expect(names(moved.taken)).toEqual(['abstain', 'impossible']);
    expect(moved.taken[1]).toMatchObject({ actor: 'system', level: 0 });
  });

  test('expires the review at the top', () => {
    expect(after(single, [vote('abstain', 'ann'), vote('abstain', 'bob'), vote('abstain', 'cyd')])).toMatchObject({ status: 'expired', dueAtMs: null });
    const alone = { standing: standing({ members: only('ann') }) };
    expect(after(opened(plan([level()], { twoPerson: true })), [vote('approve', 'ann')], alone).status).toBe('expired');
  });

  test('comes to light also when a member has gone', () => {
    const moved = after(two, [vote('approve', 'ann')], { standing: standing({ members: only('ann', 'oda') }) });
    expect([moved.state.level, ...names(moved.taken)]).toEqual([1, 'approve', 'impossible']);
  });
});

describe('how many it takes', () => {
  test('all: the last abstention completes what the others have approved', () => {
    expect(after(opened(plan([level({ quorum: 'all' })])), [vote('approve', 'ann'), vote('approve', 'bob'), vote('abstain', 'cyd')]).status).toBe('approved');
  });

  test('two persons: nobody approves alone, on no level', () => {
    const paired = opened(plan([level(), OWNERS], { twoPerson: true }));
    expect(after(paired, [vote('approve', 'ann')]).status).toBe('pending');
    expect(after(paired, [vote('approve', 'ann'), vote('approve', 'bob')]).status).toBe('approved');
    expect(after(paired, [{ step: 'timeout' }, vote('approve', 'oda')]).status).toBe('pending');
  });

  test('separation: the roles must be different people’s', () => {
    const mixed = { users: ['ann', 'bob', 'ada'] };
    const separated = opened(plan([level({ reviewers: mixed, separation: ['Reviewer', 'Admin'] })]));
    expect(after(separated, [vote('approve', 'ann'), vote('approve', 'bob')]).status).toBe('pending');
    expect(after(separated, [vote('approve', 'ann'), vote('approve', 'ada')]).status).toBe('approved');
  });
});

describe('edit', () => {
  const editable = opened(plan([level({ quorum: 2 }), OWNERS], { allowEdit: true }));

  test('puts other arguments in place, voids what was approved before, and counts as one approval of the new', () => {
    const edited = after(editable, [vote('approve', 'ann'), edit('bob')]);
    expect(edited).toMatchObject({ status: 'pending', digest: EDITED, state: { args: { amount: 5 }, votes: [{ memberId: 'bob', verb: 'approve' }] } });
    expect(edited.taken).toMatchObject([{ step: 'edit', actor: 'bob', digest: EDITED, voided: ['ann'] }]);
    expect(edited.state.votes).toHaveLength(1);
  });

  test('still needs the quorum, of approvals of the new arguments', () => {
    const edited = after(editable, [vote('approve', 'ann'), edit('bob')]);
    expect(refusalOf(edited, vote('approve', 'ann', { digest: ASKED }))).toBe('digest-changed');
    expect(after(edited, [vote('approve', 'ann', { digest: EDITED })])).toMatchObject({ status: 'approved', digest: EDITED, taken: [{ digest: EDITED }] });
  });

  test('approves where one approval is enough, and not where two persons must', () => {
    const alone = plan([level()], { allowEdit: true });
    expect(after(opened(alone), [edit('ann')])).toMatchObject({ status: 'approved', digest: EDITED });
    expect(after(opened({ ...alone, twoPerson: true }), [edit('ann')]).status).toBe('pending');
  });

  test('another edit voids the first', () => {
    const twice = after(editable, [edit('ann'), edit('bob', 'c'.repeat(64))]);
    expect(twice).toMatchObject({ status: 'pending', digest: 'c'.repeat(64), state: { votes: [{ memberId: 'bob' }] }, taken: [{ voided: ['ann'] }] });
    expect(after(editable, [edit('ann'), edit('ann', 'c'.repeat(64))]).taken[0]).not.toHaveProperty('voided');
  });

  test('is refused where the plan does not let reviewers edit, to whoever has no seat, and without arguments', () => {
    expect(refusalOf(two, edit('ann'))).toBe('edit-not-allowed');
    expect(refusalOf(editable, edit('ada'))).toBe('not-a-reviewer');
    expect(refusalOf(editable, vote('edit', 'ann'))).toBe('edit-not-allowed');
  });
});

describe('break-glass', () => {
  const glass = opened(plan([level({ quorum: 3 }), OWNERS], { twoPerson: true, breakGlass: { reviewers: { roles: ['Admin'] }, reviewWithinMs: 1_000 } }));

  test('approves at once and alone, at any level, whoever the level asks', () => {
    const broken = after(glass, [vote('break-glass', 'ada', { reason: 'the plant is on fire' })]);
    expect(broken).toMatchObject({
      status: 'approved',
      taken: [{ step: 'break-glass', actor: 'ada', reason: 'the plant is on fire', digest: ASKED, tookMs: MINUTE_MS }],
    });
    expect(after(glass, [{ step: 'timeout' }, vote('break-glass', 'ada', { reason: 'fire' })])).toMatchObject({ status: 'approved', state: { level: 1 } });
  });

  test('needs a reason', () => {
    expect(refusalOf(glass, vote('break-glass', 'ada'))).toBe('reason-required');
  });

  test('is for those the plan names, as they stand now, and not for their deputies', () => {
    const reason = { reason: 'fire' };
    expect(refusalOf(glass, vote('break-glass', 'ann', reason))).toBe('break-glass-not-allowed');
    expect(refusalOf(glass, vote('break-glass', 'ann', reason), { standing: standing({ delegations: delegated('ada>ann') }) })).toBe('break-glass-not-allowed');
    expect(refusalOf(glass, vote('break-glass', 'ada', reason), { standing: standing({ members: only('ann', 'alf') }) })).toBe('break-glass-not-allowed');
    expect(refusalOf(two, vote('break-glass', 'ada', reason))).toBe('break-glass-not-allowed');
  });
});
