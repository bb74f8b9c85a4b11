import type { DecisionValue } from '../../../compliance/src/api-types.ts';
import type { ShieldDecision } from '../decision.ts';

/** What a model is told instead of a tool's result, so that it can plan again. */
export interface Denial {
  denied: true;
  /** In words, for the model. */
  reason: string;
  value: DecisionValue;
  eventId: string;
  /** The review that people have not allowed, or have not decided yet. */
  reviewId?: string;
  /** True where nothing was decided because MastGuard could not be asked: the same call may pass later. Otherwise it will not. */
  retryable: boolean;
}

export function denialOf({ value, eventId, reasons, review, source }: ShieldDecision): Denial {
  return {
    denied: true,
    reason: reasons.join(' ') || 'It is not allowed.',
    value,
    eventId,
    ...(review === undefined ? {} : { reviewId: review.id }),
    retryable: source === 'fail-mode',
  };
}

export function isDenial(value: unknown): value is Denial {
  return typeof value === 'object' && value !== null && (value as Partial<Denial>).denied === true && typeof (value as Partial<Denial>).eventId === 'string';
}
