import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { LadderPosition, ReviewStepOutcome } from '../activities/review.ts';
import type { BatchDecisionAnswer } from '../schemas/batch-decision.ts';
import type { Decision } from '../schemas/decision.ts';
import type { JsonObject } from '../schemas/json.ts';
import type { ReviewVerb } from '../schemas/review.ts';

/** A reviewer's decision, already authenticated by whoever sends it; `requestId` makes a retry the same decision. */
export interface ReviewVote {
  requestId: string;
  /** Role and groups are looked up when the vote is counted. */
  reviewer: { memberId: string };
  verb: ReviewVerb;
  /** `session`, `key:<id>` or `link:<id>`. */
  via?: string;
  reason?: string;
  /** For the agent. */
  message?: string;
  /** The action as the reviewer saw it. */
  digest?: string;
  /** With `edit`. */
  args?: JsonObject;
}

const VERBS: readonly string[] = ['approve', 'reject', 'escalate', 'respond', 'edit', 'abstain', 'break-glass'] satisfies ReviewVerb[];
const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Signals can be sent by hand, and a handler that throws would hold up its run for ever. */
export function isReviewVote(message: unknown): message is ReviewVote {
  const { requestId, reviewer, verb, via, reason, message: text, digest, args } = (message ?? {}) as Partial<ReviewVote>;
  return (
    typeof requestId === 'string' &&
    typeof verb === 'string' &&
    VERBS.includes(verb) &&
    typeof reviewer?.memberId === 'string' &&
    [via, reason, text, digest].every(isTextOrAbsent) &&
    (args === undefined || (typeof args === 'object' && args !== null && !Array.isArray(args))) &&
    (verb === 'edit') === (args !== undefined)
  );
}

/** Waits for the decision. The argument is the digest of the caller's event: another event under the same id is refused. */
export const decisionUpdate = defineUpdate<Decision, [digest: string]>('decision');

/** Decides a pending review and answers what came of it. */
export const reviewUpdate = defineUpdate<ReviewStepOutcome, [ReviewVote]>('review');

/** The same for senders that cannot wait, such as a chat button. */
export const reviewSignal = defineSignal<[ReviewVote]>('review');

/** The review's row has moved without this run: it looks again. Losing one costs only time, since every timer looks again too. */
export const reviewMovedSignal = defineSignal('review-moved');

/** The agent has reported how the action went. */
export const outcomeReportedSignal = defineSignal('outcome-reported');

/** An erasure was cancelled, or is to go on. */
export const erasureMovedSignal = defineSignal('erasure-moved');

/** Waits for what became of a batch of decisions. */
export const batchUpdate = defineUpdate<BatchDecisionAnswer[]>('answers');

/** Where the ladder stands; null until it has been read. Answered by runs with a review only. */
export const ladderQuery = defineQuery<LadderPosition | null>('ladder');
