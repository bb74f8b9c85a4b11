import { seatFor, seatsOf } from '../core/hitl/electorate.ts';
import type { LadderState } from '../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import type { ReviewSummary } from '../db/queries/review-steps.ts';
import type { ReviewRow } from '../db/queries/reviews.ts';
import { standingFor } from '../db/queries/standing.ts';
import type { SubjectVault } from '../db/subject-vault.ts';

export interface Candidate {
  orgId: string;
  memberId: string;
  review: ReviewRow;
  nowMs: number;
}

/**
 * What keeps a member from deciding the level that is asked now; null where nothing does. For pages: what counts in the end is what the
 * ladder says when the vote arrives.
 */
export async function obstacleTo(vault: SubjectVault, { orgId, memberId, review, nowMs }: Candidate): Promise<string | null> {
  if (review.status !== 'pending') return null;
  if (review.erased) return 'the data that it is about were erased';
  const standing = await standingFor(vault, orgId, [{ summary: JSON.parse(review.summary) as ReviewSummary }], nowMs);
  if (standing.excluded.includes(memberId)) return 'nobody decides on their own request';
  const { level: at, votes = [] } = JSON.parse(review.state) as LadderState;
  const level = (JSON.parse(review.plan) as ReviewPlan).levels[at];
  if (votes.some((vote) => vote.memberId === memberId)) return 'you have voted on this level';
  const seat = level === undefined ? null : seatFor(seatsOf(level.reviewers, standing), memberId, new Set(votes.map((vote) => vote.seat)));
  return seat === null ? 'this level is decided by other members' : null;
}
