import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { LadderPosition, ReviewStepOutcome } from '../activities/review.ts';
import type { Reviewer } from '../core/hitl/ladder.ts';
import type { Decision } from '../schemas/decision.ts';
import type { ReviewVerb } from '../schemas/review.ts';

/** A reviewer's decision, already authenticated by whoever sends it; `requestId` makes a retry the same decision. */
export interface ReviewVote {
  requestId: string;
  reviewer: Reviewer;
  verb: ReviewVerb;
  reason?: string;
}

/** Signals can be sent by hand, and a handler that throws would hold up its run for ever. */
export function isReviewVote(message: unknown): message is ReviewVote {
  const { requestId, reviewer, verb, reason } = (message ?? {}) as Partial<ReviewVote>;
  return (
    typeof requestId === 'string' &&
    (verb === 'approve' || verb === 'reject' || verb === 'escalate') &&
    typeof reviewer?.memberId === 'string' &&
    (reviewer.role === null || typeof reviewer.role === 'string') &&
    Array.isArray(reviewer.groups) &&
    (reason === undefined || typeof reason === 'string')
  );
}

/** Waits for the decision. The argument is the digest of the caller's event: another event under the same id is refused. */
export const decisionUpdate = defineUpdate<Decision, [digest: string]>('decision');

/** Decides a pending review and answers what came of it. */
export const reviewUpdate = defineUpdate<ReviewStepOutcome, [ReviewVote]>('review');

/** The same for senders that cannot wait, such as a chat button. */
export const reviewSignal = defineSignal<[ReviewVote]>('review');

/** Where the ladder stands; null until it has been read. Answered by runs with a review only. */
export const ladderQuery = defineQuery<LadderPosition | null>('ladder');
