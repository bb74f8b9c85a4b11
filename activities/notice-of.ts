import { withNote } from '../core/hitl/judgement.ts';
import type { LadderState } from '../core/hitl/ladder-state.ts';
import type { ReviewNotice } from '../core/hitl/notification.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import type { ReviewLadderRow, ReviewSummary } from '../db/queries/review-steps.ts';
import type { ReviewRow } from '../db/queries/reviews.ts';
import type { NoticeOccasion } from '../schemas/channel.ts';

/** Which asking of which level a notice is about: a plan that begins again asks the same level once more. */
export interface Asking {
  level: number;
  askedAtMs: number;
}

interface Told extends Asking {
  reviewId: string;
  occasion: NoticeOccasion;
  memberId?: string | null;
}

/** False where the occasion has passed: nobody is asked to decide what is decided, or what others are asked by now. */
export function isStillAsked(
  told: Told,
  { status, state, createdAtMs, joinedTo }: Pick<ReviewLadderRow, 'status' | 'state' | 'createdAtMs' | 'joinedTo'>,
): boolean {
  const { occasion, level, askedAtMs, memberId } = told;
  if (occasion !== 'asked' && occasion !== 'reminded') return status !== 'pending';
  const isSame = state.level === level && (state.openedAtMs ?? createdAtMs) === askedAtMs;
  const hasVoted = (state.votes ?? []).some((vote) => vote.memberId === memberId);
  return status === 'pending' && joinedTo === null && isSame && !hasVoted;
}

/** The notice as things stand now, without a link to decide; null where the occasion has passed. */
export function noticeOf(told: Told, review: ReviewRow, publicUrl: string): ReviewNotice | null {
  const state = JSON.parse(review.state) as LadderState;
  if (!isStillAsked(told, { ...review, state, createdAtMs: review.createdAt.getTime() })) return null;
  return {
    occasion: told.occasion,
    reviewId: review.id,
    agentId: review.agentId,
    action: review.action,
    reasons: withNote((JSON.parse(review.summary) as ReviewSummary).reasons, state.note),
    riskScore: review.riskScore,
    level: told.level,
    levels: (JSON.parse(review.plan) as ReviewPlan).levels.length,
    dueAt: review.status === 'pending' ? (review.dueAt?.toISOString() ?? null) : null,
    status: review.status,
    reviewUrl: `${publicUrl}/dashboard/reviews/${encodeURIComponent(review.id)}`,
    decideUrl: null,
  };
}

/** What a test of a channel sends. */
export const testNotice = (publicUrl: string): ReviewNotice => ({
  occasion: 'changed',
  reviewId: 'none',
  agentId: 'none',
  action: 'test of this channel',
  reasons: ['This is a test. Nobody waits for a decision.'],
  riskScore: 0,
  level: 0,
  levels: 1,
  dueAt: null,
  status: 'test',
  reviewUrl: `${publicUrl}/dashboard`,
  decideUrl: null,
});
