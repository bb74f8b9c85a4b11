import { type Asked, countAwaited, quickness } from '../../../core/hitl/reviewer-load.ts';
import type { LadderState } from '../../../core/hitl/ladder-state.ts';
import type { Standing } from '../../../core/hitl/electorate.ts';
import { ballot, delegated, level, OWNERS, plan, standing } from './ladders.ts';

const asked = (state: Partial<LadderState> = {}, over: Partial<Standing> = {}): Asked => ({
  plan: plan([level({ quorum: 'all' }), OWNERS]),
  state: { level: 0, votes: [], steps: [], ...state },
  standing: standing(over),
});
const counts = (...reviews: Asked[]) => Object.fromEntries(countAwaited(reviews));

test('a review is counted for everybody who could decide it at the level that is asked', () => {
  expect(counts(asked(), asked({ level: 1 }), asked())).toEqual({ ann: 2, bob: 2, cyd: 2, oda: 1, otto: 1 });
});

test('it is not counted for who has voted on it, who asked for it, or who sits in no free seat', () => {
  expect(counts(asked({ votes: [ballot('ann'), ballot('bob', 'abstain')] }))).toEqual({ cyd: 1 });
  expect(counts(asked({}, { excluded: ['ann', 'bob'] }))).toEqual({ cyd: 1 });
});

test('whoever stands in for somebody is asked as well; a vote that does not hold any more leaves its seat free', () => {
  expect(counts(asked({}, { delegations: delegated('ann>ada') }))).toEqual({ ann: 1, ada: 1, bob: 1, cyd: 1 });
  expect(counts(asked({ votes: [ballot('ada for ann')] }))).toEqual({ ann: 1, bob: 1, cyd: 1 });
});

test('quick approvals are flagged once more than half of at least ten are', () => {
  expect(quickness({ approvals: 0, quickApprovals: 0 })).toEqual({ quickShare: null, flagged: false });
  expect(quickness({ approvals: 9, quickApprovals: 9 })).toEqual({ quickShare: 1, flagged: false });
  expect(quickness({ approvals: 10, quickApprovals: 5 })).toEqual({ quickShare: 0.5, flagged: false });
  expect(quickness({ approvals: 12, quickApprovals: 7 })).toEqual({ quickShare: 0.583, flagged: true });
});
