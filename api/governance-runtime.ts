import type { Evaluation } from '../core/decision/evaluation.ts';
import type { GovernEventInput, ObservedItem, ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import type { Reviewer } from '../core/hitl/ladder.ts';
import type { Decision } from '../schemas/decision.ts';
import type { EventInput } from '../schemas/event.ts';
import type { ReviewStatus, ReviewStep, ReviewVerb } from '../schemas/review.ts';

/** What the routes need of the durable part. Routes never see Temporal's types. */
export interface GovernanceRuntime {
  /** Governs one event and answers its recorded decision; a retry attaches to the first. Throws {@link DecisionUnavailable}. */
  decide(request: DecideRequest): Promise<DecideOutcome>;
  /** Records events after the fact, all in one ledger call. Throws {@link DecisionUnavailable}. */
  observe(request: ObserveRequest): Promise<ObserveItem[]>;
  /** Dry run: classification and policy against the session as it stands. Stores nothing. */
  evaluate(orgId: string, event: EventInput): Promise<Evaluation>;
  /** Hands a reviewer's decision to the waiting workflow. Throws {@link DecisionUnavailable}. */
  review(request: ReviewRequest): Promise<ReviewOutcome>;
  /** Resolves when the review has changed, the time is over or the signal fires; costs no polling of the database. */
  reviewChanged(orgId: string, reviewId: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** Rejects with the reason while decisions cannot be taken. */
  assertReady(): Promise<void>;
}

export type DecideRequest = GovernEventInput;

export type DecideOutcome = { kind: 'decided'; decision: Decision } | { kind: 'conflict' } | { kind: 'quota' };

/** Ids set and distinct. */
export type ObserveRequest = ObserveEventsInput;
export type ObserveItem = ObservedItem;

export interface ReviewRequest {
  orgId: string;
  reviewId: string;
  eventId: string;
  verb: ReviewVerb;
  reason?: string;
  reviewer: Reviewer;
  /** Makes a retried click the same decision. */
  requestId: string;
}

export type ReviewOutcome =
  | { kind: 'recorded'; status: ReviewStatus }
  | { kind: 'closed'; status: ReviewStatus; last: ReviewStep | null }
  | { kind: 'refused'; code: 'not-a-reviewer' | 'last-level'; detail: string };

/** No decision was recorded, or it is not known to be. A retry with the same id attaches. */
export class DecisionUnavailable extends Error {
  readonly code = 'decision-unavailable';
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs = 1_000, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}
