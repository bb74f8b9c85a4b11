import type { Evaluation } from '../core/decision/evaluation.ts';
import type { GovernEventInput, ObservedItem, ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import type { RefusalCode } from '../core/hitl/cast-vote.ts';
import type { BatchDecision, BatchDecisionAnswer } from '../schemas/batch-decision.ts';
import type { ChannelTest } from '../schemas/channel.ts';
import type { Decision } from '../schemas/decision.ts';
import type { EventInput } from '../schemas/event.ts';
import type { JsonObject } from '../schemas/json.ts';
import type { ReviewStatus, ReviewStep, ReviewVerb } from '../schemas/review.ts';
import type { Asker } from '../core/decision/asker.ts';
import type { SweepCause } from '../schemas/sweep.ts';
import type { WebhookTest } from '../schemas/webhook.ts';

/** What the routes need of the durable part. Routes never see Temporal's types. */
export interface GovernanceRuntime {
  /** Governs one event and answers its recorded decision; a retry attaches to the first. Throws {@link DecisionUnavailable}. */
  decide(request: DecideRequest): Promise<DecideOutcome>;
  /** Records events after the fact, all in one ledger call. Throws {@link DecisionUnavailable}. */
  observe(request: ObserveRequest): Promise<ObserveItem[]>;
  /** Dry run: what would be decided with the session, policy, stops and grants as they stand. Stores nothing and uses nothing up. */
  evaluate(request: EvaluateRequest): Promise<Evaluation>;
  /** Hands a reviewer's decision to the waiting workflow. Throws {@link DecisionUnavailable}. */
  review(request: ReviewRequest): Promise<ReviewOutcome>;
  /** Takes a person's decisions on many reviews as one durable operation; a retry of the same request is the same one. Throws {@link DecisionUnavailable}. */
  decideMany(request: BatchDecisionRequest): Promise<BatchDecisionAnswer[]>;
  /** Ends a pending review because the agent asks no more. Throws {@link DecisionUnavailable}. */
  withdraw(request: WithdrawRequest): Promise<ReviewOutcome>;
  /** Tells the run of an event that its agent has reported, or that its time to do so has begun. Never fails: a run that does not hear of it looks by itself. */
  outcomeMoved(orgId: string, eventId: string): Promise<void>;
  /** Starts the run of a review that no agent waits for, where none runs. Throws {@link DecisionUnavailable}. */
  conductReview(review: { orgId: string; reviewId: string }): Promise<void>;
  /** Starts the pass over the pending reviews that a change has left on record. What cannot be started now is started within a minute. */
  sweep(request: SweepRequest): Promise<void>;
  /** Starts the run of a check of the own ledger, or leaves the one that runs. Throws {@link DecisionUnavailable}. */
  verifyLedger(check: { orgId: string; checkId: string }): Promise<void>;
  /** Starts the run that deletes the histories of an erasure, or lets the one that runs look again. What cannot be started now is started within a minute. */
  erase(erasure: { orgId: string; erasureId: string }): Promise<void>;
  /** Sends one test message over a channel and answers what came of it. Throws {@link DecisionUnavailable}. */
  testChannel(request: ChannelTestInput): Promise<ChannelTest>;
  /** Sends one test message to an endpoint and answers what came of it. Throws {@link DecisionUnavailable}. */
  testWebhook(request: WebhookTestInput): Promise<WebhookTest>;
  /** Why requests to this URL would be refused, in words for its owner; null where they would be made. */
  obstacleToTarget(url: string): Promise<string | null>;
  /** Resolves when the review has changed, the time is over or the signal fires; costs no polling of the database. */
  reviewChanged(orgId: string, reviewId: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** The same for any review of the organisation. */
  queueChanged(orgId: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** Rejects with the reason while decisions cannot be taken. */
  assertReady(): Promise<void>;
}

export type DecideRequest = GovernEventInput;

export interface ChannelTestInput {
  orgId: string;
  channelId: string;
  /** Who asks; null for a key that is bound to nobody. */
  memberId: string | null;
  testId: string;
}

export interface WebhookTestInput {
  orgId: string;
  endpointId: string;
  testId: string;
}

export interface SweepRequest {
  orgId: string;
  sweepId: string;
  cause: SweepCause;
}

export type DecideOutcome = { kind: 'decided'; decision: Decision } | { kind: 'conflict' } | { kind: 'quota' };

export interface EvaluateRequest extends Asker {
  orgId: string;
  event: EventInput;
}

/** Ids set and distinct. */
export type ObserveRequest = ObserveEventsInput;
export type ObserveItem = ObservedItem;

/** The review of which a person decides, and the run that waits for it. */
export interface ReviewAddress {
  orgId: string;
  reviewId: string;
  eventId: string;
  kind: 'gate' | 'after';
  /** Makes a retried click the same decision. */
  requestId: string;
}

export interface ReviewRequest extends ReviewAddress {
  memberId: string;
  /** `session`, `key:<id>`, `link:<id>` or `webhook:<id of the secret>`. */
  via: string;
  verb: ReviewVerb;
  reason?: string;
  message?: string;
  digest?: string;
  args?: JsonObject;
}

export interface BatchDecisionRequest {
  orgId: string;
  memberId: string;
  /** `session` or `key:<id>`. */
  via: string;
  requestId: string;
  decisions: BatchDecision[];
}

export interface WithdrawRequest extends ReviewAddress {
  /** `key:<id>` or `member:<id>`. */
  actor: string;
  reason?: string;
}

export type ReviewOutcome =
  | { kind: 'recorded'; status: ReviewStatus }
  | { kind: 'closed'; status: ReviewStatus; last: ReviewStep | null }
  | { kind: 'refused'; code: RefusalCode | 'edit-blocked' | 'erased'; detail: string };

/** No decision was recorded, or it is not known to be. A retry with the same id attaches. */
export class DecisionUnavailable extends Error {
  readonly code = 'decision-unavailable';
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs = 1_000, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}
