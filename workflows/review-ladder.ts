import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LadderPosition, ReviewActivities, ReviewStepOutcome } from '../activities/review.ts';
import type { ReviewStepRequest } from '../activities/review-step.ts';
import type { ReviewStatus } from '../schemas/review.ts';
import { isAlreadyStarted } from './already-started.ts';
import { createAnnouncer } from './announce.ts';
import type { conductReview } from './conduct-review.ts';
import { conductReviewId, governEventId } from './ids.ts';
import { isReviewVote, ladderQuery, reviewMovedSignal, reviewSignal, reviewUpdate, type ReviewVote } from './messages.ts';
import { REVIEW_STEP } from './options.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

const { readLadder, takeReviewStep } = proxyActivities<ReviewActivities>(REVIEW_STEP);

export interface LadderRequest {
  orgId: string;
  reviewId: string;
  /** For people who look at the run. */
  about: { what: string; why: string; policy: string; url: string };
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
  const { reviewId } = request;
  const ladder = openLadder(request);
  const announcer = createAnnouncer(request);
  await ladder.look();
  for (;;) {
    const current = ladder.position();
    show(request, current);
    announcer.tell(current);
    if (current.status !== 'pending') {
      await passOn(request, current);
      await announcer.handedOver();
      return { reviewId, status: current.status };
    }
    const reminderAtMs = announcer.nextAtMs(current);
    const remainingMs = Math.max(1, (reminderAtMs ?? current.dueAtMs ?? 0) - Date.now());
    if (await condition(() => ladder.moved(current), remainingMs, { summary: waitOf(current, reminderAtMs) })) {
      if (ladder.isTold()) await ladder.look();
    } else if (reminderAtMs !== null) {
      continue;
    } else if (current.joinedTo === undefined) {
      const { level, round = 0 } = current;
      await ladder.take({ stepKey: round === 0 ? `timeout/${level}` : `timeout/${round}.${level}`, level, round, move: { step: 'timeout' } });
    } else {
      await ladder.look();
    }
  }
}

function waitOf({ level, levels, joinedTo }: LadderPosition, reminderAtMs: number | null): string {
  if (joinedTo !== undefined) return `decided with ${joinedTo}`;
  return reminderAtMs === null ? `level ${level + 1} of ${levels} runs out` : `level ${level + 1} of ${levels} is reminded`;
}

/** Handlers first: a vote may arrive with the first task. */
function openLadder({ orgId, reviewId }: LadderRequest) {
  let position: LadderPosition | null = null;
  let told = false;

  const adopt = (next: LadderPosition): void => {
    // Two steps can come back in either order; the row's version tells which is newer.
    if (position === null || next.version > position.version) position = next;
  };
  const take = async (step: Pick<ReviewStepRequest, 'stepKey' | 'level' | 'round' | 'move'>): Promise<ReviewStepOutcome> => {
    const outcome = await takeReviewStep({ orgId, reviewId, ...step });
    adopt(outcome.position);
    return outcome;
  };
  const vote = ({ requestId, verb, reviewer, ...rest }: ReviewVote): Promise<ReviewStepOutcome> =>
    take({ stepKey: `vote/${requestId}`, move: { ...rest, step: verb, memberId: reviewer.memberId } });

  setHandler(reviewUpdate, vote, {
    validator(message) {
      if (!isReviewVote(message)) throw ApplicationFailure.nonRetryable('this is not a vote', 'bad-vote');
    },
    description: 'A reviewer decides the pending review.',
  });
  const voteIfOne = async (message: unknown): Promise<void> => {
    if (isReviewVote(message)) await vote(message);
    else log.warn('a signal that is not a vote was ignored');
  };
  setHandler(reviewSignal, voteIfOne, { description: 'The same, for senders that do not wait.' });
  setHandler(reviewMovedSignal, () => void (told = true), { description: 'The review has moved: look again.' });
  setHandler(ladderQuery, () => position, { description: 'Where the review stands.' });

  return {
    take,
    async look(): Promise<void> {
      told = false;
      const next = await readLadder({ orgId, reviewId });
      // The time of a review that is asked through another one is the other's: it moves without a version of its own.
      if (next.version === position?.version && next.joinedTo !== undefined) position = next;
      else adopt(next);
    },
    isTold: () => told,
    position: () => position as unknown as LadderPosition,
    moved: (since: LadderPosition) => told || position !== since,
  };
}

/** Tells the runs whose reviews were decided with this one, and starts the run of a review this one has opened. */
async function passOn({ orgId, about }: LadderRequest, { joinedEvents = [], opened }: LadderPosition): Promise<void> {
  if (opened !== undefined) {
    const args: Parameters<typeof conductReview> = [{ orgId, reviewId: opened, about }];
    try {
      await startChild<typeof conductReview>('conductReview', {
        workflowId: conductReviewId(orgId, opened),
        args,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `judges afterwards: ${about.what}`,
      });
    } catch (error) {
      // Somebody voted on it before this run heard that it is there.
      if (!isAlreadyStarted(error)) throw error;
    }
  }
  await Promise.all(
    joinedEvents.map((eventId) =>
      // A run that has ended already needs not be told.
      getExternalWorkflowHandle(governEventId(orgId, eventId))
        .signal(reviewMovedSignal)
        .catch(() => undefined),
    ),
  );
  if (!allHandlersFinished()) await condition(allHandlersFinished);
}

/** Lets an operator understand the run without reading code. Details are encrypted like every payload; attributes are not. */
function show({ about }: LadderRequest, { status, level, levels, reviewers, dueAtMs, last, approvals = 0, joinedTo }: LadderPosition): void {
  const due = dueAtMs === null ? null : new Date(dueAtMs);
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTE.reviewState, value: status },
    { key: SEARCH_ATTRIBUTE.reviewDueAt, value: due },
  ]);
  setCurrentDetails(
    [
      status === 'pending' ? `**Waiting for a reviewer**, level ${level + 1} of ${levels}` : `**Review ${status}**`,
      `- what: ${about.what}`,
      `- why: ${about.why}`,
      `- who may decide: ${[...(reviewers?.roles ?? []), ...(reviewers?.groups ?? []).map((group) => `group ${group}`), ...(reviewers?.users ?? [])].join(', ')}`,
      `- policy: ${about.policy}`,
      ...(approvals === 0 ? [] : [`- approvals so far: ${approvals}`]),
      ...(joinedTo === undefined ? [] : [`- asked through: ${joinedTo}`]),
      ...(due === null ? [] : [`- due: ${due.toISOString()}, then ${level + 1 < levels ? 'the next level is asked' : 'the review expires'}`]),
      ...(last === null ? [] : [`- last step: ${last.step} by ${last.actor} at ${last.at}`]),
      `- review: ${about.url}`,
    ].join('\n'),
  );
}
