import type { ReviewLevel } from '../../schemas/review-policy.ts';
import type { ReviewVote } from '../../schemas/review.ts';
import { type Standing, seatsOf } from './electorate.ts';

export interface Tally {
  /** Approvals the level needs. */
  needed: number;
  approvals: number;
  /** `open`: undecided. `impossible`: not even with everybody's approval. */
  state: 'reached' | 'open' | 'impossible';
}

/** Counts votes that are known to be good: see {@link staleVotes}. */
export function tally(level: ReviewLevel, votes: readonly ReviewVote[], standing: Standing, twoPerson: boolean): Tally {
  const seats = seatsOf(level.reviewers, standing);
  const abstained = new Set(votes.filter(({ verb }) => verb === 'abstain').map(({ seat }) => seat));
  const approved = new Set(votes.filter(({ verb }) => verb === 'approve').map(({ seat }) => seat));
  const roles = new Set(level.separation ?? []);
  const floor = Math.max(twoPerson ? 2 : 1, roles.size);
  const needed = Math.max(floor, level.quorum === 'all' ? seats.filter(({ holder }) => !abstained.has(holder.memberId)).length : (level.quorum ?? 1));
  const roleOf = new Map(seats.map(({ holder }) => [holder.memberId, holder.role]));
  const holds = (seatIds: Iterable<string>, role: string): boolean => [...seatIds].some((id) => roleOf.get(id) === role);
  if (approved.size >= needed && [...roles].every((role) => holds(approved, role))) return { needed, approvals: approved.size, state: 'reached' };
  // Whoever holds a free seat has not voted: they would have filled it.
  const reachable = new Set(seats.map(({ holder }) => holder.memberId).filter((id) => !abstained.has(id)));
  const isPossible = reachable.size >= needed && [...roles].every((role) => holds(reachable, role));
  return { needed, approvals: approved.size, state: isPossible ? 'open' : 'impossible' };
}

/** Votes whose voter may not hold that seat any more: role changed, member gone, delegation over, or a seat of their own to fill instead. */
export function staleVotes(level: ReviewLevel, votes: readonly ReviewVote[], standing: Standing): ReviewVote[] {
  const seats = new Map(seatsOf(level.reviewers, standing).map((seat) => [seat.holder.memberId, seat]));
  const holds = ({ seat, memberId }: ReviewVote): boolean => (seats.has(memberId) ? seat === memberId : seats.get(seat)?.deputies.includes(memberId) === true);
  return votes.filter((vote) => !holds(vote));
}
