import type { Standing } from './electorate.ts';
import type { LadderState } from './ladder-state.ts';
import { staleVotes } from './quorum.ts';
import { recipientsOf } from './recipients.ts';
import type { ReviewPlan } from './review.ts';

/** An open review, and who there is to ask about it. */
export interface Asked {
  plan: ReviewPlan;
  state: LadderState;
  standing: Standing;
}

/** How many of these reviews each member could decide now, by member id. Whoever has voted on one has done their part. */
export function countAwaited(reviews: readonly Asked[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { plan, state, standing } of reviews) {
    const level = plan.levels[state.level];
    if (level === undefined) continue;
    const cast = state.votes ?? [];
    const stale = cast.length === 0 ? [] : staleVotes(level, cast, standing);
    for (const memberId of recipientsOf(
      level,
      cast.filter((vote) => !stale.includes(vote)),
      standing,
      true,
    ))
      counts.set(memberId, (counts.get(memberId) ?? 0) + 1);
  }
  return counts;
}

/** Too few approvals say nothing about anybody. */
const FLAG_FROM_APPROVALS = 10;
const FLAG_ABOVE_SHARE = 0.5;

/** Share of approvals that were quick, null without any, and whether it is high enough to look into. */
export function quickness({ approvals, quickApprovals }: { approvals: number; quickApprovals: number }): { quickShare: number | null; flagged: boolean } {
  if (approvals === 0) return { quickShare: null, flagged: false };
  const share = quickApprovals / approvals;
  return { quickShare: Math.round(share * 1_000) / 1_000, flagged: approvals >= FLAG_FROM_APPROVALS && share > FLAG_ABOVE_SHARE };
}
