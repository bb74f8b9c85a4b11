import type { Client } from '@temporalio/client';
import type { ReviewStepRequest, TakeStep } from '../activities/review-step.ts';
import { DecisionUnavailable, type ReviewAddress, type ReviewOutcome, type ReviewRequest, type WithdrawRequest } from '../api/governance-runtime.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { wakeReview } from './restart-review.ts';
import { startConductReview } from './start-conduct-review.ts';

export interface ReviewRunsDeps {
  client: Client;
  vault: SubjectVault;
  takeStep: TakeStep;
  timeoutMs?: number;
}

/** An agent that is told of its approval uses it at once; its run only tidies up. */
const WAKE_AFTER_MS = 50;

/**
 * The key of a vote's step. A link and a message stand for one decision, whatever it is; the id of a request is its sender's, who may put it on the requests of
 * several people: another person's vote, or another one of the same person, is another step.
 */
export const voteKeyOf = ({ requestId, memberId, verb, via }: Pick<ReviewRequest, 'requestId' | 'memberId' | 'verb' | 'via'>): string =>
  /^(?:link|webhook):/.test(via) ? `vote/${requestId}` : `vote/${requestId}/${memberId}/${verb}`;

/**
 * Takes people's decisions. The step is recorded here, in one database call, and then the run is told: nobody waits for a run, and
 * reviews are decided while Temporal is away. A run that was not told looks at the row when its timer fires.
 */
export function createReviewRuns({ client, vault, takeStep, timeoutMs = 5_000 }: ReviewRunsDeps) {
  const take = async (address: ReviewAddress, { stepKey, move }: Pick<ReviewStepRequest, 'stepKey' | 'move'>): Promise<ReviewOutcome> => {
    const { orgId, reviewId } = address;
    const taken = await takeStep({ orgId, reviewId, stepKey, move });
    // Not waited for: what is recorded stands whether or not the run hears of it now. Whoever waits for the answer goes first.
    if (taken.kind === 'recorded') setTimeout(() => void wakeReview(client, vault, address, timeoutMs).catch(() => undefined), WAKE_AFTER_MS).unref();
    return taken;
  };

  return {
    review({ requestId, memberId, verb, orgId, reviewId, eventId, kind, ...rest }: ReviewRequest): Promise<ReviewOutcome> {
      const stepKey = voteKeyOf({ requestId, memberId, verb, via: rest.via });
      return take({ orgId, reviewId, eventId, kind, requestId }, { stepKey, move: { ...rest, step: verb, memberId } });
    },
    withdraw({ requestId, actor, reason, ...address }: WithdrawRequest): Promise<ReviewOutcome> {
      const move = { step: 'withdraw' as const, actor, ...(reason === undefined ? {} : { reason }) };
      return take({ ...address, requestId }, { stepKey: `withdraw/${requestId}`, move });
    },
    conductReview: (review: { orgId: string; reviewId: string }): Promise<void> =>
      startConductReview(client, { ...review, timeoutMs }).catch((cause: unknown) => {
        throw new DecisionUnavailable('the run of the review was not started yet', { cause });
      }),
  };
}
