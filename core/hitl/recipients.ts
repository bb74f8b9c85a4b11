import type { ReviewLevel } from '../../schemas/review-policy.ts';
import type { ReviewVote } from '../../schemas/review.ts';
import { seatsOf, type Standing } from './electorate.ts';

/**
 * Whom a message about a level goes to. While it is asked: whoever can still fill a free seat, the holder or somebody they have delegated
 * to, and has not voted. Afterwards: everybody who could have decided.
 */
export function recipientsOf(level: ReviewLevel, votes: readonly ReviewVote[], standing: Standing, isAsked: boolean): string[] {
  const filled = new Set(isAsked ? votes.map(({ seat }) => seat) : []);
  const voted = new Set(isAsked ? votes.map(({ memberId }) => memberId) : []);
  const free = seatsOf(level.reviewers, standing).filter(({ holder }) => !filled.has(holder.memberId));
  return [...new Set(free.flatMap(({ holder, deputies }) => [holder.memberId, ...deputies]))].filter((memberId) => !voted.has(memberId));
}
