import { loadReviewLadder } from '../db/queries/review-steps.ts';
import { type LadderPosition, loadLadder, positionOf } from './review-position.ts';
import { afterIdOf } from './review-record.ts';
import { createTakeStep, type ReviewStepRequest, type ReviewStepsDeps, type StepRefusal } from './review-step.ts';

export type { LadderPosition } from './review-position.ts';

export type ReviewStepOutcome =
  | { kind: 'recorded'; position: LadderPosition }
  | { kind: 'closed'; position: LadderPosition }
  | { kind: 'refused'; code: StepRefusal; detail: string; position: LadderPosition };

export type ReviewActivities = ReturnType<typeof createReviewActivities>;

/** Steps of a review as its run takes them: each answers where the ladder stands afterwards. */
export function createReviewActivities(deps: ReviewStepsDeps) {
  const takeStep = createTakeStep(deps);
  const position = (orgId: string, reviewId: string): Promise<LadderPosition> => readPosition(deps, orgId, reviewId);
  return {
    /** Where the review stands now. */
    readLadder: ({ orgId, reviewId }: { orgId: string; reviewId: string }): Promise<LadderPosition> => position(orgId, reviewId),

    /** Takes one step and records it; the same `stepKey` again answers what stands. */
    async takeReviewStep(request: ReviewStepRequest): Promise<ReviewStepOutcome> {
      const taken = await takeStep(request);
      const stands = await position(request.orgId, request.reviewId);
      return taken.kind === 'refused' ? { ...taken, position: stands } : { kind: taken.kind, position: stands };
    },
  };
}

async function readPosition({ vault, now }: ReviewStepsDeps, orgId: string, reviewId: string): Promise<LadderPosition> {
  const { row, joined } = await loadLadder(vault, orgId, reviewId);
  // Of reviews that are decided together one is judged afterwards: the one that was asked.
  const glass = row.joinedTo === null && row.state.steps.some(({ step }) => step === 'break-glass');
  const leader = row.joinedTo === null || row.status !== 'pending' ? undefined : await loadReviewLadder(vault, { orgId, reviewId: row.joinedTo });
  return positionOf(row, {
    joined,
    leaderExpiresAtMs: leader?.expiresAtMs ?? null,
    opened: glass ? afterIdOf(orgId, reviewId) : undefined,
    nowMs: now(),
  });
}
