import type { ReviewLevel } from '../../schemas/review-policy.ts';
import { addBusinessTime } from './business-time.ts';
import type { LadderState } from './ladder-state.ts';
import type { ReviewPlan } from './review.ts';

/** When a level that is asked at `fromMs` runs out. Epoch milliseconds. */
export function levelEndMs({ withinMs, businessHours }: ReviewLevel, fromMs: number): number {
  return businessHours === undefined ? fromMs + withinMs : addBusinessTime(fromMs, withinMs, businessHours);
}

/** When the last level runs out, if nobody acts from `fromMs` on at `level`. */
export function ladderEndMs(plan: ReviewPlan, level: number, fromMs: number): number {
  return plan.levels.slice(level).reduce((endMs, each) => levelEndMs(each, endMs), fromMs);
}

/** When the present level was asked. Rows of 0.1.0 do not say; they count no open hours, so the end of the ladder tells. */
export function openedAtMs(plan: ReviewPlan, state: LadderState, expiresAtMs: number): number {
  return state.openedAtMs ?? expiresAtMs - ladderEndMs(plan, state.level, 0);
}

/** When reminder number `round` (from 0) of a level is due: each waits twice as long as the one before. Null: the level reminds nobody. */
export function reminderAtMs({ remindEveryMs }: ReviewLevel, askedAtMs: number, round: number): number | null {
  return remindEveryMs === undefined ? null : askedAtMs + remindEveryMs * (2 ** (round + 1) - 1);
}
