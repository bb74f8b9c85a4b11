import { isStillAsked, noticeOf, testNotice } from '../../activities/notice-of.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { ballot } from '../core/hitl/ladders.ts';

const ASKED_MS = Date.UTC(2030, 0, 1);
const TOLD = { reviewId: 'rev_1', occasion: 'asked' as const, level: 0, askedAtMs: ASKED_MS, memberId: 'ann' };
const row = (changes: object = {}) => ({
  status: 'pending' as const,
  state: { level: 0, openedAtMs: ASKED_MS, votes: [], steps: [] },
  createdAtMs: ASKED_MS,
  joinedTo: null,
  ...changes,
});

test('who is asked is asked as long as that very asking stands', () => {
  expect(isStillAsked(TOLD, row())).toBe(true);
  expect(isStillAsked({ ...TOLD, occasion: 'reminded' }, row())).toBe(true);
  expect(isStillAsked(TOLD, row({ status: 'approved' }))).toBe(false);
  expect(isStillAsked(TOLD, row({ state: { level: 1, openedAtMs: ASKED_MS, steps: [] } }))).toBe(false);
  // The same level, asked anew because the plan has changed.
  expect(isStillAsked(TOLD, row({ state: { level: 0, openedAtMs: ASKED_MS + 1, steps: [] } }))).toBe(false);
  expect(isStillAsked(TOLD, row({ joinedTo: 'rev_0' }))).toBe(false);
});

test('who has voted meanwhile is not asked; the others are', () => {
  const voted = row({ state: { level: 0, openedAtMs: ASKED_MS, votes: [ballot('ann')], steps: [] } });
  expect(isStillAsked(TOLD, voted)).toBe(false);
  expect(isStillAsked({ ...TOLD, memberId: 'bob' }, voted)).toBe(true);
});

test('an end is told only where there is one', () => {
  expect(isStillAsked({ ...TOLD, occasion: 'decided' }, row())).toBe(false);
  expect(isStillAsked({ ...TOLD, occasion: 'decided' }, row({ status: 'approved' }))).toBe(true);
});

test('a notice is made from the row as it stands, without a link to decide', () => {
  const review = {
    ...row(),
    id: 'rev_1',
    agentId: 'treasury',
    action: 'transfer',
    riskScore: 70,
    state: JSON.stringify(row().state),
    plan: JSON.stringify({ levels: [{}, {}], outcome: 'block' }),
    summary: JSON.stringify({ reasons: ['too much'], policy: null, requester: 'key:1' }),
    createdAt: new Date(ASKED_MS),
    dueAt: new Date(ASKED_MS + 1),
  } as unknown as ReviewRow;
  expect(noticeOf(TOLD, review, 'https://guard.example')).toEqual({
    occasion: 'asked',
    reviewId: 'rev_1',
    agentId: 'treasury',
    action: 'transfer',
    reasons: ['too much'],
    riskScore: 70,
    level: 0,
    levels: 2,
    dueAt: '2030-01-01T00:00:00.001Z',
    status: 'pending',
    reviewUrl: 'https://guard.example/dashboard/reviews/rev_1',
    decideUrl: null,
  });
  expect(noticeOf({ ...TOLD, level: 1 }, review, 'https://guard.example')).toBeNull();
});

test('a test says that it is one', () => {
  expect(testNotice('https://guard.example').reasons.join()).toContain('This is a test');
});
