import { ApplicationFailure, condition, log, proxyActivities, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { LadderPosition, ReviewActivities, ReviewStepOutcome } from '../activities/review.ts';
import type { Decision } from '../schemas/decision.ts';
import type { ReviewStatus } from '../schemas/review.ts';
import { isReviewVote, ladderQuery, reviewSignal, reviewUpdate, type ReviewVote } from './messages.ts';
import { REVIEW_STEP } from './options.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

const { readLadder, takeReviewStep } = proxyActivities<ReviewActivities>(REVIEW_STEP);

export interface LadderRequest {
  orgId: string;
  decision: Decision;
  action: string;
  agentId: string;
}

export interface ReviewedOutcome {
  reviewId: string;
  status: ReviewStatus;
}

/**
 * Waits for people, level by level, until somebody decides or the last level has run out of time. Every step is recorded
 * before it counts; the review's row arbitrates between a click and a timer that fire together.
 */
export async function climbLadder(request: LadderRequest): Promise<ReviewedOutcome> {
  const { orgId, decision } = request;
  const reviewId = decision.review?.id ?? '';
  let position: LadderPosition | null = null;

  const adopt = (next: LadderPosition): void => {
    // Two steps can come back in either order; the row's version tells which is newer.
    if (position === null || next.version > position.version) position = next;
  };
  const vote = async ({ requestId, verb, reviewer, reason }: ReviewVote): Promise<ReviewStepOutcome> => {
    const move = { step: verb, reviewer, ...(reason === undefined ? {} : { reason }) };
    const outcome = await takeReviewStep({ orgId, reviewId, stepKey: `vote/${requestId}`, move });
    adopt(outcome.position);
    return outcome;
  };
  setHandler(reviewUpdate, vote, {
    validator(message) {
      if (!isReviewVote(message)) throw ApplicationFailure.nonRetryable('this is not a vote', 'bad-vote');
    },
    description: 'Approve, reject or escalate the pending review.',
  });
  const voteIfOne = async (message: unknown): Promise<void> => {
    if (isReviewVote(message)) await vote(message);
    else log.warn('a signal that is not a vote was ignored');
  };
  setHandler(reviewSignal, voteIfOne, { description: 'The same, for senders that do not wait.' });
  setHandler(ladderQuery, () => position, { description: 'Where the review stands.' });

  adopt(await readLadder({ orgId, reviewId }));
  for (;;) {
    const current = position as unknown as LadderPosition;
    show(request, current);
    if (current.status !== 'pending') return { reviewId, status: current.status };
    const remainingMs = Math.max(1, (current.dueAtMs ?? 0) - Date.now());
    const summary = `level ${current.level + 1} of ${current.levels} runs out`;
    const moved = await condition(() => position !== current, remainingMs, { summary });
    if (!moved) {
      const outcome = await takeReviewStep({ orgId, reviewId, stepKey: `timeout/${current.level}`, level: current.level, move: { step: 'timeout' } });
      adopt(outcome.position);
    }
  }
}

/** Lets an operator understand the run without reading code. Details are encrypted like every payload; attributes are not. */
function show({ decision, action, agentId }: LadderRequest, { status, level, levels, reviewers, dueAtMs, last }: LadderPosition): void {
  const due = dueAtMs === null ? null : new Date(dueAtMs);
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTE.reviewState, value: status },
    { key: SEARCH_ATTRIBUTE.reviewDueAt, value: due },
  ]);
  setCurrentDetails(
    [
      status === 'pending' ? `**Waiting for a reviewer**, level ${level + 1} of ${levels}` : `**Review ${status}**`,
      `- what: \`${action}\` of agent \`${agentId}\`, event \`${decision.eventId}\``,
      `- why: ${decision.reasons.join('; ') || 'the policy asks for a review'} (risk ${decision.riskScore})`,
      `- who may decide: ${[...(reviewers?.roles ?? []), ...(reviewers?.groups ?? []).map((group) => `group ${group}`), ...(reviewers?.users ?? [])].join(', ')}`,
      `- policy: ${decision.policy === null ? 'none' : `${decision.policy.version}, rule ${decision.policy.ruleId ?? 'default'}`}`,
      ...(due === null ? [] : [`- due: ${due.toISOString()}, then ${level + 1 < levels ? 'the next level is asked' : 'the review expires'}`]),
      ...(last === null ? [] : [`- last step: ${last.step} by ${last.actor} at ${last.at}`]),
      `- review: ${decision.review?.url ?? ''}`,
    ].join('\n'),
  );
}
