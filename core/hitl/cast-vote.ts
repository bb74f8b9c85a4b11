import type { ReviewStep, ReviewVote } from '../../schemas/review.ts';
import { openedAtMs } from './due.ts';
import { matches, seatFor, seatsOf } from './electorate.ts';
import { advance, close, keep } from './ladder-moves.ts';
import type { Ladder, LadderMoved, VoteMove } from './ladder-state.ts';
import { staleVotes, tally } from './quorum.ts';
import { QUICK_APPROVAL_MS } from './review.ts';

export type RefusalCode =
  | 'not-a-reviewer'
  | 'own-request'
  | 'last-level'
  | 'already-voted'
  | 'digest-changed'
  | 'edit-not-allowed'
  | 'reason-required'
  | 'break-glass-not-allowed';

export interface LadderRefusal {
  refused: RefusalCode;
  detail: string;
}

type MakeStep = (fields: Omit<ReviewStep, 'level' | 'at'>) => ReviewStep;

/** One person's decision on the level that is asked. */
export function castVote(ladder: Ladder, move: VoteMove, step: MakeStep): LadderMoved | LadderRefusal {
  const { plan, state, context } = ladder;
  const { standing, nowMs } = context;
  const level = plan.levels[state.level];
  if (level === undefined) throw new Error(`there is no level ${state.level}`);
  if (standing.excluded.includes(move.memberId)) return refuse('own-request', 'nobody decides on their own request');
  if (plan.reasonRequired === true && move.reason === undefined) return refuse('reason-required', 'this review is decided with a reason');
  if (move.digest !== undefined && move.digest !== context.digest) {
    return refuse('digest-changed', 'the action has changed since it was shown: look again before you decide');
  }
  const tookMs = Math.max(0, nowMs - openedAtMs(plan, state, context.expiresAtMs));
  const told = { actor: move.memberId, tookMs, ...defined({ via: move.via, reason: move.reason, message: move.message }) };

  if (move.step === 'break-glass') {
    const member = standing.members.find(({ memberId }) => memberId === move.memberId);
    if (plan.breakGlass === undefined || member === undefined || !matches(plan.breakGlass.reviewers, member)) {
      return refuse('break-glass-not-allowed', 'this review cannot be cut short by this member');
    }
    if (move.reason === undefined) return refuse('reason-required', 'breaking the glass needs a reason');
    return close(ladder, 'approved', [step({ step: 'break-glass', ...told, digest: context.digest })]);
  }

  const votes = state.votes ?? [];
  const stale = staleVotes(level, votes, standing);
  const earlier = votes.find(({ memberId }) => memberId === move.memberId);
  const others = votes.filter((vote) => vote !== earlier);
  // A vote that no longer counts keeps nobody from the seat.
  const taken = new Set(others.filter((vote) => !stale.includes(vote)).map((vote) => vote.seat));
  const seat = seatFor(seatsOf(level.reviewers, standing), move.memberId, taken);
  if (seat === null) return refuse('not-a-reviewer', 'this level is decided by other members');
  const seatId = seat.holder.memberId;
  // A vote adds nothing to a seat that holds one; ending the review, or handing it up, needs no free seat.
  const adds = move.step === 'approve' || move.step === 'edit' || move.step === 'abstain';
  if (adds && taken.has(seatId)) return refuse('already-voted', 'somebody who stands in for this member has voted already');
  const named = { ...told, ...(seatId === move.memberId ? {} : { onBehalfOf: seatId }) };
  const at = new Date(nowMs).toISOString();
  const voteOf = (verb: ReviewVote['verb']): ReviewVote => ({ memberId: move.memberId, seat: seatId, verb, at, ...defined({ via: move.via }) });
  const quick = tookMs < QUICK_APPROVAL_MS ? { quick: true } : {};

  switch (move.step) {
    case 'reject':
      return close(ladder, 'rejected', [step({ step: 'reject', ...named })]);
    case 'respond':
      return close({ ...ladder, state: { ...state, ...defined({ response: move.message }) } }, 'responded', [step({ step: 'respond', ...named })]);
    case 'escalate':
      if (plan.levels[state.level + 1] === undefined) return refuse('last-level', 'there is no level above this one');
      return advance(ladder, [step({ step: 'escalate', ...named })]);
    case 'abstain':
      return count({ ...ladder, state: { ...state, votes: [...others, voteOf('abstain')] } }, [step({ step: 'abstain', ...named })], step);
    case 'approve':
      if (earlier?.verb === 'approve' && !stale.includes(earlier)) return refuse('already-voted', 'this member has approved already');
      return count(
        { ...ladder, state: { ...state, votes: [...others, voteOf('approve')] } },
        [step({ step: 'approve', ...named, ...quick, digest: context.digest })],
        step,
      );
    case 'edit': {
      if (plan.allowEdit !== true || move.edit === undefined) return refuse('edit-not-allowed', 'the plan does not let reviewers change arguments');
      const { args, digest } = move.edit;
      // Whoever approved before approved something else.
      const gone = others.map(({ memberId }) => memberId);
      const edited = [step({ step: 'edit', ...named, ...quick, digest, ...(gone.length === 0 ? {} : { voided: gone }) })];
      return count({ plan, state: { ...state, args, votes: [voteOf('approve')] }, context: { ...context, digest } }, edited, step);
    }
  }
}

/** Roles are looked at once more when the votes would be enough: only those that still hold are counted. */
function count(ladder: Ladder, taken: ReviewStep[], step: MakeStep): LadderMoved {
  const { plan, state, context } = ladder;
  const level = plan.levels[state.level];
  if (level === undefined) throw new Error(`there is no level ${state.level}`);
  const stale = staleVotes(level, state.votes ?? [], context.standing);
  const votes = (state.votes ?? []).filter((vote) => !stale.includes(vote));
  const told =
    stale.length === 0
      ? taken
      : [...taken, step({ step: 'void', actor: 'system', reason: 'no longer entitled to that seat', voided: stale.map(({ memberId }) => memberId) })];
  const counted = { plan, state: { ...state, votes }, context };
  switch (tally(level, votes, context.standing, plan.twoPerson === true).state) {
    case 'reached':
      return close(counted, 'approved', told);
    case 'open':
      return keep(counted, told);
    case 'impossible':
      return advance(counted, [...told, step({ step: 'impossible', actor: 'system', reason: 'the approvals this level needs cannot be reached any more' })]);
  }
}

const refuse = (refused: RefusalCode, detail: string): LadderRefusal => ({ refused, detail });

/** The members that are set. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
