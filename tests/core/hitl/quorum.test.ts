import * as fc from 'fast-check';
import type { Standing } from '../../../core/hitl/electorate.ts';
import { seatsOf } from '../../../core/hitl/electorate.ts';
import { staleVotes, type Tally, tally } from '../../../core/hitl/quorum.ts';
import type { ReviewLevel } from '../../../schemas/review-policy.ts';
import type { ReviewVote } from '../../../schemas/review.ts';
import { ballot, delegated, level, member, only, standing, TEAM } from './ladders.ts';

const yes = (...ids: string[]): ReviewVote[] => ids.map((id) => ballot(id));
const aside = (...ids: string[]): ReviewVote[] => ids.map((id) => ballot(id, 'abstain'));
const count = (of: Partial<ReviewLevel>, votes: ReviewVote[], who: Partial<Standing> = {}, twoPerson = false): Tally =>
  tally(level(of), votes, standing(who), twoPerson);
const EVERYBODY = { reviewers: { roles: ['Reviewer' as const, 'Admin' as const, 'Owner' as const] } };

describe('tally', () => {
  test('one approval is enough where the plan does not say more', () => {
    expect(count({}, [])).toEqual({ needed: 1, approvals: 0, state: 'open' });
    expect(count({}, yes('ann'))).toEqual({ needed: 1, approvals: 1, state: 'reached' });
  });

  test('a quorum of n needs n approvals', () => {
    expect(count({ quorum: 2 }, yes('ann'))).toEqual({ needed: 2, approvals: 1, state: 'open' });
    expect(count({ quorum: 2 }, yes('ann', 'cyd'))).toEqual({ needed: 2, approvals: 2, state: 'reached' });
  });

  test('two approvals of one seat count once', () => {
    expect(count({ quorum: 2 }, [ballot('ann'), ballot('ada for ann')])).toMatchObject({ approvals: 1, state: 'open' });
  });

  test('an abstention is no approval, and too many of them make a quorum impossible', () => {
    expect(count({ quorum: 2 }, aside('ann'))).toMatchObject({ approvals: 0, state: 'open' });
    expect(count({ quorum: 2 }, [...yes('cyd'), ...aside('ann', 'bob')])).toMatchObject({ approvals: 1, state: 'impossible' });
  });

  test('a quorum of more people than there are is impossible', () => {
    expect(count({ quorum: 4 }, yes('ann'))).toMatchObject({ state: 'impossible' });
    expect(count({ quorum: 3 }, yes('ann'), { excluded: ['cyd'] })).toMatchObject({ state: 'impossible' });
  });

  test('all needs everybody who may decide and does not abstain', () => {
    expect(count({ quorum: 'all' }, yes('ann', 'bob'))).toEqual({ needed: 3, approvals: 2, state: 'open' });
    expect(count({ quorum: 'all' }, yes('ann', 'bob', 'cyd'))).toEqual({ needed: 3, approvals: 3, state: 'reached' });
    expect(count({ quorum: 'all' }, [...yes('ann', 'bob'), ...aside('cyd')])).toEqual({ needed: 2, approvals: 2, state: 'reached' });
    expect(count({ quorum: 'all' }, [...yes('ann'), ...aside('cyd')])).toEqual({ needed: 2, approvals: 1, state: 'open' });
  });

  test('all does not wait for the requester', () => {
    expect(count({ quorum: 'all' }, yes('ann', 'bob'), { excluded: ['cyd'] })).toMatchObject({ needed: 2, state: 'reached' });
  });

  test('all is never reached by abstentions alone', () => {
    expect(count({ quorum: 'all' }, aside('ann', 'bob', 'cyd'))).toEqual({ needed: 1, approvals: 0, state: 'impossible' });
    expect(count({ quorum: 'all' }, [])).toMatchObject({ state: 'open' });
    expect(count({ quorum: 'all' }, [], { members: [] })).toMatchObject({ needed: 1, state: 'impossible' });
  });

  test('a deputy who abstains takes the seat they sit in out of all', () => {
    const who = { members: only('ann', 'bob', 'ada'), delegations: delegated('bob>ada') };
    expect(count({ quorum: 'all' }, [...yes('ann'), ballot('ada for bob', 'abstain')], who)).toEqual({ needed: 1, approvals: 1, state: 'reached' });
  });

  test('two persons are needed whatever the quorum says, and where there is one it is impossible', () => {
    expect(count({}, yes('ann'), {}, true)).toEqual({ needed: 2, approvals: 1, state: 'open' });
    expect(count({}, yes('ann', 'bob'), {}, true)).toMatchObject({ state: 'reached' });
    expect(count({ quorum: 'all' }, [...yes('ann'), ...aside('bob', 'cyd')], {}, true)).toMatchObject({ needed: 2, state: 'impossible' });
    expect(count({ quorum: 'all' }, yes('ann'), { members: only('ann') }, true)).toMatchObject({ state: 'impossible' });
  });

  test('separation needs an approval of each role', () => {
    const separated = { ...EVERYBODY, quorum: 2, separation: ['Owner' as const, 'Reviewer' as const] };
    expect(count(separated, yes('ann', 'bob'))).toMatchObject({ approvals: 2, state: 'open' });
    expect(count(separated, yes('ann', 'oda'))).toMatchObject({ state: 'reached' });
  });

  test('separation needs as many people as roles, also where the quorum is lower', () => {
    const separated = { ...EVERYBODY, separation: ['Owner' as const, 'Reviewer' as const] };
    expect(count(separated, yes('oda'))).toEqual({ needed: 2, approvals: 1, state: 'open' });
    expect(count(separated, yes('oda', 'ann'))).toMatchObject({ state: 'reached' });
  });

  test('separation is impossible once nobody of a role is left to approve', () => {
    const separated = { ...EVERYBODY, separation: ['Owner' as const, 'Reviewer' as const] };
    expect(count(separated, [...yes('ann'), ...aside('oda', 'otto')])).toMatchObject({ state: 'impossible' });
    expect(count(separated, yes('ann'), { excluded: ['oda', 'otto'] })).toMatchObject({ state: 'impossible' });
  });

  test('a deputy counts with the role of the seat, not with their own', () => {
    const separated = { reviewers: { users: ['oda', 'ann'] }, separation: ['Owner' as const, 'Reviewer' as const] };
    const who = { delegations: delegated('oda>ada') };
    expect(count(separated, [...yes('ann'), ballot('ada for oda')], who)).toMatchObject({ approvals: 2, state: 'reached' });
  });

  test('undecided is open exactly if it is reached once everybody left approves', () => {
    const ids = TEAM.map(({ memberId }) => memberId);
    const anyLevel = fc.record({
      reviewers: fc.record({ roles: fc.subarray(['Owner' as const, 'Admin' as const, 'Reviewer' as const], { minLength: 1 }) }),
      quorum: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('all' as const)),
      separation: fc.subarray(['Owner' as const, 'Admin' as const, 'Reviewer' as const]),
    });
    const anyVotes = fc
      .subarray(ids)
      .chain((voters) => fc.tuple(...voters.map((id) => fc.constantFrom('approve' as const, 'abstain' as const).map((verb) => ballot(id, verb)))));
    fc.assert(
      fc.property(anyLevel, anyVotes, fc.subarray(ids), fc.boolean(), (of, cast, excluded, twoPerson) => {
        const who = standing({ excluded });
        const votes = cast.filter((vote) => !staleVotes(level(of), cast, who).includes(vote));
        const free = seatsOf(of.reviewers, who).filter(({ holder }) => votes.every(({ seat }) => seat !== holder.memberId));
        const { state } = tally(level(of), votes, who, twoPerson);
        const atBest = tally(level(of), [...votes, ...free.map(({ holder }) => ballot(holder.memberId))], who, twoPerson).state;
        expect(atBest).toBe(state === 'impossible' ? 'impossible' : 'reached');
      }),
    );
  });
});

describe('staleVotes', () => {
  const stale = (votes: ReviewVote[], who: Partial<Standing>): string[] => staleVotes(level(), votes, standing(who)).map(({ memberId }) => memberId);

  test('a vote holds as long as its voter may decide the level', () => {
    expect(stale([ballot('ann'), ballot('bob', 'abstain')], {})).toEqual([]);
    expect(stale([ballot('ada for ann')], { delegations: delegated('ann>ada') })).toEqual([]);
  });

  test('a vote ends with the role of its voter, with the member and with an exclusion', () => {
    const votes = [ballot('ann'), ballot('bob')];
    expect(stale(votes, { members: [member('ann', 'Viewer'), member('bob')] })).toEqual(['ann']);
    expect(stale(votes, { members: only('ann') })).toEqual(['bob']);
    expect(stale(votes, { excluded: ['bob'] })).toEqual(['bob']);
  });

  test('a deputy’s vote ends with the delegation, with either member, and with a link of the chain', () => {
    const votes = [ballot('oda for ann')];
    const chain = delegated('ann>ada', 'ada>oda');
    expect(stale(votes, { delegations: chain })).toEqual([]);
    expect(stale(votes, {})).toEqual(['oda']);
    expect(stale(votes, { delegations: chain, members: only('ann', 'oda') })).toEqual(['oda']);
    expect(stale(votes, { delegations: chain, members: only('ada', 'oda') })).toEqual(['oda']);
    expect(stale(votes, { delegations: chain, members: only('ann', 'ada') })).toEqual(['oda']);
    expect(stale(votes, { delegations: chain, excluded: ['ada'] })).toEqual(['oda']);
  });

  test('a deputy who gets a seat of their own holds the other one no longer', () => {
    const who = { members: [member('ann'), member('ada', 'Reviewer')], delegations: delegated('ann>ada') };
    expect(stale([ballot('ada for ann')], who)).toEqual(['ada']);
  });
});
