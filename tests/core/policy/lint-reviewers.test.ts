import type { Reviewer } from '../../../core/hitl/electorate.ts';
import { lintReviewers } from '../../../core/policy/lint-reviewers.ts';
import type { ReviewLevel, ReviewPolicy } from '../../../schemas/review-policy.ts';
import { rule } from './rules.ts';

const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const MEMBERS: Reviewer[] = [
  { memberId: 'owner', role: 'Owner', groups: [] },
  { memberId: 'ann', role: 'Reviewer', groups: ['finance', 'legal'] },
  { memberId: 'ben', role: 'Reviewer', groups: ['finance'] },
];

const level = (over: Partial<ReviewLevel>): ReviewLevel => ({ reviewers: { roles: ['Owner', 'Reviewer'] }, withinMs: 1_000, ...over });
const pointersOf = (review: ReviewPolicy, members = MEMBERS): string[] =>
  lintReviewers({ rules: [], defaultReview: review }, members, NOW_MS).map(({ pointer }) => pointer);
const faultsOf = (over: Partial<ReviewLevel>, review: Partial<ReviewPolicy> = {}): string[] => pointersOf({ levels: [level({}), level(over)], ...review });
const AT = '/defaultReview/levels/1';

describe('lintReviewers', () => {
  test('has nothing against reviews that the members there are can decide', () => {
    expect(faultsOf({ reviewers: { users: ['ann'], groups: ['legal'], roles: ['Admin'] } })).toEqual([]);
    expect(faultsOf({ quorum: 3, separation: ['Owner', 'Reviewer'] }, { twoPerson: true })).toEqual([]);
    expect(faultsOf({ quorum: 'all' })).toEqual([]);
  });

  test('points at every member and group that is not there', () => {
    expect(faultsOf({ reviewers: { users: ['ann', 'zoe'], groups: ['finance', 'board'] } })).toEqual([`${AT}/reviewers/users/1`, `${AT}/reviewers/groups/1`]);
  });

  test('points at a level that nobody could decide', () => {
    expect(faultsOf({ reviewers: { roles: ['Admin'] } })).toEqual([`${AT}/reviewers`]);
    expect(pointersOf({ levels: [level({})] }, [])).toEqual(['/defaultReview/levels/0/reviewers']);
  });

  test('points at a quorum that those who may decide cannot make', () => {
    expect(faultsOf({ quorum: 4 })).toEqual([`${AT}/quorum`]);
    expect(faultsOf({ reviewers: { groups: ['finance'], users: ['ann'] }, quorum: 3 })).toEqual([`${AT}/quorum`]);
    expect(faultsOf({ reviewers: { users: ['ann'] }, quorum: 'all' }, { twoPerson: true })).toEqual([`${AT}/reviewers`]);
    expect(faultsOf({ reviewers: { groups: ['finance'], roles: ['Admin'] }, separation: ['Reviewer', 'Owner'] })).toEqual([`${AT}/separation/1`]);
  });

  test('points at a glass that nobody can break', () => {
    expect(faultsOf({}, { breakGlass: { reviewers: { roles: ['Admin'] }, reviewWithinMs: 1_000 } })).toEqual(['/defaultReview/breakGlass/reviewers']);
    expect(faultsOf({}, { breakGlass: { reviewers: { users: ['zoe'] }, reviewWithinMs: 1_000 } })).toEqual(['/defaultReview/breakGlass/reviewers/users/0']);
    expect(faultsOf({}, { breakGlass: { reviewers: { roles: ['Owner'] }, reviewWithinMs: 1_000 } })).toEqual([]);
  });

  test('points at a glass whose only breaker would be its only judge', () => {
    const glass: Partial<ReviewPolicy> = { breakGlass: { reviewers: { roles: ['Owner'] }, reviewWithinMs: 1_000 } };
    expect(faultsOf({ reviewers: { users: ['owner'] } }, glass)).toEqual(['/defaultReview/breakGlass/reviewers']);
    expect(faultsOf({ reviewers: { users: ['owner', 'ann'] } }, glass)).toEqual([]);
    expect(faultsOf({ reviewers: { users: ['ann'] } }, glass)).toEqual([]);
  });

  test('points at rules that are over before they begin; at activation they are passed over with their reviewers', () => {
    const review: ReviewPolicy = { levels: [level({ reviewers: { users: ['zoe'] } })] };
    const set = {
      rules: [
        rule('over', { effect: 'hitl', review, expiresAt: '2026-06-01T00:00:00Z' }),
        rule('running', { effect: 'hitl', review, expiresAt: '2026-06-01T00:00:00.001Z' }),
      ],
    };
    const later = '/rules/1/review/levels/0/reviewers/users/0';
    expect(lintReviewers(set, MEMBERS, NOW_MS).map(({ pointer }) => pointer)).toEqual(['/rules/0/expiresAt', later]);
    expect(lintReviewers(set, MEMBERS, NOW_MS, { activating: true }).map(({ pointer }) => pointer)).toEqual([later]);
    expect(lintReviewers(set, MEMBERS, NOW_MS + 1, { activating: true })).toEqual([]);
  });
});
