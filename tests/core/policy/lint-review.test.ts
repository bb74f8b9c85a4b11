import { lintReviews } from '../../../core/policy/lint-review.ts';
import { DEMO_POLICY } from '../../../core/sample/demo-policy.ts';
import type { ReviewLevel, ReviewPolicy } from '../../../schemas/review-policy.ts';
import { rule } from './rules.ts';

const HOUR_MS = 3_600_000;
const level = (over: Partial<ReviewLevel> = {}): ReviewLevel => ({ reviewers: { roles: ['Owner', 'Reviewer'] }, withinMs: HOUR_MS, ...over });
const pointersOf = (review: ReviewPolicy): string[] => lintReviews({ rules: [], defaultReview: review }).map(({ pointer }) => pointer);
const faultsOf = (over: Partial<ReviewLevel>, review: Partial<ReviewPolicy> = {}): string[] => pointersOf({ levels: [level(), level(over)], ...review });
const AT = '/defaultReview/levels/1';

describe('lintReviews', () => {
  test('has nothing against plans that can be kept', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ quorum: 'all', separation: ['Owner', 'Reviewer'] }, { twoPerson: true })).toEqual([]);
    expect(faultsOf({ quorum: 1, separation: ['Owner', 'Reviewer'] })).toEqual([]);
    expect(lintReviews(DEMO_POLICY)).toEqual([]);
  });

  test('looks at the review of every rule, and of the set', () => {
    const review: ReviewPolicy = { levels: [level({ separation: ['Admin'] })] };
    const rules = [rule('a'), rule('b', { effect: 'hitl', review })];
    expect(lintReviews({ rules, defaultReview: review }).map(({ pointer }) => pointer)).toEqual([
      '/rules/1/review/levels/0/separation/0',
      '/defaultReview/levels/0/separation/0',
    ]);
  });

  test('points at a role that no reviewer can hold, where reviewers are named by role alone', () => {
    expect(faultsOf({ separation: ['Owner', 'Admin'] })).toEqual([`${AT}/separation/1`]);
    expect(faultsOf({ reviewers: { roles: ['Owner'], users: [], groups: [] }, separation: ['Admin'] })).toEqual([`${AT}/separation/0`]);
    expect(faultsOf({ reviewers: { roles: ['Owner'], groups: ['finance'] }, separation: ['Admin'] })).toEqual([]);
    expect(faultsOf({ reviewers: { roles: ['Owner'], users: ['mem_1'] }, separation: ['Admin'] })).toEqual([]);
  });

  test('points at a role that is named twice', () => {
    expect(faultsOf({ separation: ['Owner', 'Owner'] })).toEqual([`${AT}/separation/1`]);
  });

  test('counts members that are named one by one, and each of them once', () => {
    const reviewers = { users: ['mem_1', 'mem_2', 'mem_1'] };
    expect(faultsOf({ reviewers, quorum: 2 }, { twoPerson: true })).toEqual([]);
    expect(faultsOf({ reviewers, quorum: 3 })).toEqual([`${AT}/quorum`]);
    expect(faultsOf({ reviewers, separation: ['Owner', 'Admin', 'Reviewer'] })).toEqual([`${AT}/separation`]);
    expect(faultsOf({ reviewers: { users: ['mem_1', 'mem_1'] } }, { twoPerson: true })).toEqual([`${AT}/reviewers`]);
    expect(faultsOf({ reviewers: { ...reviewers, groups: ['finance'] }, quorum: 3 })).toEqual([]);
  });

  describe('business hours', () => {
    const quarter = { zone: 'Europe/Berlin', days: { mon: [{ from: '09:00', to: '09:15' }] } };

    test('are looked through by their own rules', () => {
      const businessHours = { zone: 'Europe/Nowhere', days: { mon: [{ from: '17:00', to: '09:00' }] }, holidays: ['2026-02-30'] };
      expect(faultsOf({ businessHours })).toEqual([`${AT}/businessHours/zone`, `${AT}/businessHours/days/mon/0`, `${AT}/businessHours/holidays/0`]);
      expect(faultsOf({ businessHours: { zone: 'UTC', days: {} } })).toEqual([`${AT}/businessHours/days`]);
    });

    test('must be open for as long as the level has, within three years', () => {
      expect(faultsOf({ businessHours: quarter, withinMs: 36 * HOUR_MS })).toEqual([]);
      expect(faultsOf({ businessHours: quarter, withinMs: 36 * HOUR_MS + 1 })).toEqual([`${AT}/withinMs`]);
    });

    test('are judged for 1,000 levels, even where three years are not enough', () => {
      const review: ReviewPolicy = { levels: Array.from({ length: 10 }, () => level({ businessHours: quarter, withinMs: 720 * HOUR_MS })) };
      const rules = Array.from({ length: 100 }, (_, at) => rule(`r${at}`, { effect: 'hitl', review }));
      expect(lintReviews({ rules })).toHaveLength(1_000);
    });
  });
});
