import type { ReviewStatus, ReviewStep } from '../../schemas/review.ts';
import { ladderEndMs, levelEndMs, openedAtMs } from './due.ts';
import type { Ladder, LadderMoved } from './ladder-state.ts';

/** Ends the review. */
export function close({ plan, state, context }: Ladder, status: ReviewStatus, taken: ReviewStep[]): LadderMoved {
  const { digest, expiresAtMs } = context;
  return { status, state: { ...state, steps: [...state.steps, ...taken] }, dueAtMs: null, expiresAtMs, digest, plan, taken };
}

/** Stays at its level and keeps its times. */
export function keep({ plan, state, context }: Ladder, taken: ReviewStep[]): LadderMoved {
  const level = plan.levels[state.level];
  const { digest, expiresAtMs } = context;
  const askedAtMs = openedAtMs(plan, state, expiresAtMs);
  const dueAtMs = level === undefined ? null : levelEndMs(level, askedAtMs);
  return { status: 'pending', state: { ...state, openedAtMs: askedAtMs, steps: [...state.steps, ...taken] }, dueAtMs, expiresAtMs, digest, plan, taken };
}

/**
 * Asks the next level; with none left the review expires. A plan that allows when nobody answers does not allow what people
 * could not agree on: edited arguments that were never approved, or a quorum that was out of reach.
 */
export function advance({ plan, state, context }: Ladder, taken: ReviewStep[]): LadderMoved {
  const next = plan.levels[state.level + 1];
  if (next === undefined) {
    const disputed = state.args !== undefined || taken.some(({ step }) => step === 'impossible');
    return close({ plan, state, context }, plan.outcome === 'allow' && disputed ? 'rejected' : 'expired', taken);
  }
  const { nowMs, digest } = context;
  return {
    status: 'pending',
    state: { ...state, level: state.level + 1, openedAtMs: nowMs, votes: [], steps: [...state.steps, ...taken] },
    dueAtMs: levelEndMs(next, nowMs),
    expiresAtMs: ladderEndMs(plan, state.level + 1, nowMs),
    digest,
    plan,
    taken,
  };
}
