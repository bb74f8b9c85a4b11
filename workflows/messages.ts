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

/** Waits for the decision. The argument is the digest of the caller's event: another event under the same id is refused. */
export const decisionUpdate = defineUpdate<Decision, [digest: string]>('decision');

/** Decides a pending review and answers what came of it. */
export const reviewUpdate = defineUpdate<ReviewStepOutcome, [ReviewVote]>('review');

/** The same for senders that cannot wait, such as a chat button. */
export const reviewSignal = defineSignal<[ReviewVote]>('review');

/** Where the ladder stands; null for an event that needed no review. */
export const ladderQuery = defineQuery<LadderPosition | null>('ladder');
