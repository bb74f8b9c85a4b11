import { ChildWorkflowCancellationType, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import type { NoticeRequest } from '../activities/notification.ts';
import type { LadderPosition } from '../activities/review.ts';
import type { ReviewStatus } from '../schemas/review.ts';
import { notifyReviewersId } from './ids.ts';
import type { notifyReviewers } from './notify-reviewers.ts';
import { TASK_QUEUE } from './options.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

type Notice = Omit<NoticeRequest, 'orgId' | 'reviewId'>;

export interface Announcer {
  /** Starts the notices that are due at this position and have not been started. Never fails and never waits. */
  tell: (position: LadderPosition) => void;
  /** When the next reminder is due, epoch milliseconds; null where there is none. */
  nextAtMs: (position: LadderPosition) => number | null;
  /** Resolves once the server has every notice; a run must not end before. */
  handedOver: () => Promise<void>;
}

/**
 * Tells people about a review: a run of its own for each notice, so that nothing that happens to a message can hold the review up.
 * Silent where the organisation has no channel, which is also how runs of 0.1.0 stay as they were.
 */
export function createAnnouncer({ orgId, reviewId }: { orgId: string; reviewId: string }): Announcer {
  const told = new Set<string>();
  const starting = new Set<Promise<unknown>>();

  const start = (notice: Notice): void => {
    const workflowId = notifyReviewersId({ orgId, reviewId, ...notice });
    if (told.has(workflowId)) return;
    told.add(workflowId);
    const started = startChild<typeof notifyReviewers>('notifyReviewers', {
      workflowId,
      taskQueue: TASK_QUEUE.notices,
      // What an earlier run of this review has told is not told again.
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: `${notice.occasion}, level ${notice.level + 1}`,
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }],
      args: [{ orgId, reviewId, ...notice }],
    }).catch(() => undefined);
    starting.add(started);
    void started.then(() => starting.delete(started));
  };

  return {
    tell(position) {
      const { status, level, askedAtMs } = position;
      if (!isAnnounced(position) || askedAtMs === undefined) return;
      if (status !== 'pending') return start({ occasion: OCCASION[status], level, askedAtMs, round: 0 });
      start({ occasion: 'asked', level, askedAtMs, round: 0 });
      // Of reminders that fell due while nobody was there, the last one says it all.
      const round = (position.remindersAtMs ?? []).filter((atMs) => atMs <= Date.now()).length;
      if (round > 0) start({ occasion: 'reminded', level, askedAtMs, round });
    },
    nextAtMs: (position) => (isAnnounced(position) ? ((position.remindersAtMs ?? []).find((atMs) => atMs > Date.now()) ?? null) : null),
    async handedOver() {
      while (starting.size > 0) await Promise.all(starting);
    },
  };
}

/** A review that is asked through another one is told of through that one. */
const isAnnounced = ({ notify, joinedTo }: LadderPosition): boolean => notify === true && joinedTo === undefined;

const OCCASION: Record<Exclude<ReviewStatus, 'pending'>, NoticeRequest['occasion']> = {
  approved: 'decided',
  rejected: 'decided',
  responded: 'decided',
  expired: 'expired',
  withdrawn: 'changed',
  released: 'changed',
  refused: 'changed',
};
