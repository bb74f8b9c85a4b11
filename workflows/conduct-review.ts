import { climbLadder, type LadderRequest, type ReviewedOutcome } from './review-ladder.ts';

/** A review that no agent waits for: the judgement after breaking the glass, or of an alert that was escalated. */
export async function conductReview(request: LadderRequest): Promise<ReviewedOutcome> {
  return climbLadder(request);
}
