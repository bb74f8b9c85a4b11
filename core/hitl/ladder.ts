import type { ReviewStatus, ReviewStep, ReviewVerb } from '../../schemas/review.ts';
import type { ReviewPlan } from './review.ts';

/** Where a review stands on its ladder. Kept as JSON in the review's row. */
export interface LadderState {
  /** Index into the plan's levels. */
  level: number;
  steps: ReviewStep[];
}

/** A person, as roles and groups stood when they decided. */
export interface Reviewer {
  memberId: string;
  role: string | null;
  groups: readonly string[];
}

export type LadderMove = { step: ReviewVerb; reviewer: Reviewer; reason?: string } | { step: 'timeout' } | { step: 'withdraw'; actor: string; reason?: string };

export type LadderResult =
  | { status: ReviewStatus; state: LadderState; dueAtMs: number | null; expiresAtMs: number }
  | { refused: 'not-a-reviewer' | 'last-level'; detail: string };

/** Takes one move on a pending ladder. Pure: the same plan, state, move and time give the same result. */
export function climb(plan: ReviewPlan, state: LadderState, move: LadderMove, nowMs: number, expiresAtMs: number): LadderResult {
  const level = plan.levels[state.level];
  if (level === undefined) throw new Error(`ladder of ${plan.levels.length} levels has no level ${state.level}`);
  if ('reviewer' in move && !mayDecide(level.reviewers, move.reviewer)) {
    return { refused: 'not-a-reviewer', detail: 'this level is decided by other members' };
  }
  const steps = [...state.steps, stepOf(move, state.level, nowMs)];
  const close = (status: ReviewStatus): LadderResult => ({ status, state: { level: state.level, steps }, dueAtMs: null, expiresAtMs });
  switch (move.step) {
    case 'approve':
      return close('approved');
    case 'reject':
      return close('rejected');
    case 'withdraw':
      return close('withdrawn');
    case 'escalate':
    case 'timeout': {
      const next = plan.levels[state.level + 1];
      if (next === undefined) {
        return move.step === 'timeout' ? close('expired') : { refused: 'last-level', detail: 'there is no level above this one' };
      }
      return {
        status: 'pending',
        state: { level: state.level + 1, steps },
        dueAtMs: nowMs + next.withinMs,
        expiresAtMs: ladderEndMs(plan, state.level + 1, nowMs),
      };
    }
  }
}

/** When the last level runs out, if nobody acts from `fromMs` on at `level`. */
export function ladderEndMs(plan: ReviewPlan, level: number, fromMs: number): number {
  return plan.levels.slice(level).reduce((endMs, { withinMs }) => endMs + withinMs, fromMs);
}

/** What the agent may do now; null while pending. */
export function outcomeOf(plan: ReviewPlan, status: ReviewStatus): 'allow' | 'block' | null {
  if (status === 'pending') return null;
  if (status === 'approved') return 'allow';
  return status === 'expired' ? plan.outcome : 'block';
}

export function mayDecide(reviewers: ReviewPlan['levels'][number]['reviewers'], { memberId, role, groups }: Reviewer): boolean {
  return (
    reviewers.users?.includes(memberId) === true ||
    (role !== null && reviewers.roles?.some((wanted) => wanted === role) === true) ||
    reviewers.groups?.some((group) => groups.includes(group)) === true
  );
}

function stepOf(move: LadderMove, level: number, nowMs: number): ReviewStep {
  const actor = move.step === 'timeout' ? 'system' : 'reviewer' in move ? move.reviewer.memberId : move.actor;
  const reason = 'reason' in move ? move.reason : undefined;
  return { step: move.step, actor, level, at: new Date(nowMs).toISOString(), ...(reason === undefined ? {} : { reason }) };
}
