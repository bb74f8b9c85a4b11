import type { ReviewStep } from '../../schemas/review.ts';
import { castVote, type LadderRefusal } from './cast-vote.ts';
import { ladderEndMs, levelEndMs } from './due.ts';
import { advance, close, keep } from './ladder-moves.ts';
import type { LadderContext, LadderMoved, LadderState, VoteMove } from './ladder-state.ts';
import type { ReviewPlan } from './review.ts';

export type LadderMove =
  | VoteMove
  | { step: 'timeout' }
  | { step: 'withdraw'; actor: string; reason?: string }
  /** The world changed: the action is released, refused, or asked again under a new plan with all votes void. */
  | { step: 'revise'; actor: string; reason: string; to: 'released' | 'refused' }
  | { step: 'revise'; actor: string; reason: string; to: 'pending'; plan: ReviewPlan; digest: string }
  /** Votes that no longer count, of these members or cast that way. */
  | { step: 'void'; reason: string; memberIds?: readonly string[]; via?: string };

export type LadderResult = LadderMoved | LadderRefusal;

/** Takes one move on a pending ladder. Pure: the same plan, state, move and context give the same result. */
export function climb(plan: ReviewPlan, state: LadderState, move: LadderMove, context: LadderContext): LadderResult {
  if (plan.levels[state.level] === undefined) throw new Error(`ladder of ${plan.levels.length} levels has no level ${state.level}`);
  const at = new Date(context.nowMs).toISOString();
  const step = (fields: Omit<ReviewStep, 'level' | 'at'>): ReviewStep => ({ ...fields, level: state.level, at });
  switch (move.step) {
    case 'timeout':
      return advance({ plan, state, context }, [step({ step: 'timeout', actor: 'system' })]);
    case 'withdraw':
      return close({ plan, state, context }, 'withdrawn', [step({ step: 'withdraw', actor: move.actor, ...reasonOf(move) })]);
    case 'revise': {
      if (move.to !== 'pending') return close({ plan, state, context }, move.to, [step({ step: 'revise', actor: move.actor, reason: move.reason })]);
      return restart(
        state,
        context,
        move.plan,
        move.digest,
        step({ step: 'revise', actor: move.actor, reason: move.reason, digest: move.digest, ...voidedBy(state) }),
      );
    }
    case 'void': {
      const gone = (state.votes ?? []).filter((vote) => move.memberIds?.includes(vote.memberId) === true || (move.via !== undefined && vote.via === move.via));
      const votes = (state.votes ?? []).filter((vote) => !gone.includes(vote));
      const taken = [step({ step: 'void', actor: 'system', reason: move.reason, voided: gone.map(({ memberId }) => memberId) })];
      return keep({ plan, state: { ...state, votes }, context }, taken);
    }
    default:
      return castVote({ plan, state, context }, move, step);
  }
}

/** Begins again at the first level of a new plan, for an action that now has another digest. */
function restart({ steps, note }: LadderState, { nowMs }: LadderContext, plan: ReviewPlan, digest: string, step: ReviewStep): LadderMoved {
  const first = plan.levels[0];
  if (first === undefined) throw new Error('a plan has at least one level');
  const state: LadderState = { level: 0, openedAtMs: nowMs, votes: [], ...(note === undefined ? {} : { note }), steps: [...steps, step] };
  return { status: 'pending', state, dueAtMs: levelEndMs(first, nowMs), expiresAtMs: ladderEndMs(plan, 0, nowMs), digest, plan, taken: [step] };
}

const reasonOf = ({ reason }: { reason?: string }): { reason?: string } => (reason === undefined ? {} : { reason });

function voidedBy({ votes = [] }: LadderState): { voided?: string[] } {
  return votes.length === 0 ? {} : { voided: votes.map(({ memberId }) => memberId) };
}
