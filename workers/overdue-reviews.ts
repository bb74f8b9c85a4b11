import type { ReviewActivities } from '../activities/review.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { OverdueReview } from '../db/queries/left-lying.ts';
import { watch, type Watch } from './watch.ts';

export interface OverdueReviewsDeps {
  /** Pending reviews whose level should have run out before then, the longest overdue first. */
  list: (options: { before: Date; limit: number }) => Promise<OverdueReview[]>;
  steps: Pick<ReviewActivities, 'readLadder' | 'takeReviewStep'>;
  /** Tells the run, and starts it where it is gone. */
  wake: (review: OverdueReview) => Promise<void>;
  onError: (error: unknown) => void;
  now: () => number;
  everyMs?: number;
  /** So long the run's own timer has the first go. */
  graceMs?: number;
}

const AT_ONCE = 10;
const MAX_REVIEWS = 500;

/**
 * Moves on reviews whose level has run out and whose run has not seen to it: it waits for a killed worker's task to time out, for Temporal to come
 * back, or is lost with Temporal's data. The step is the one the run would take, with the same key, so whoever comes second finds it taken.
 */
export function watchOverdueReviews({ list, steps, wake, onError, now, everyMs = 1_000, graceMs = 1_500 }: OverdueReviewsDeps): Watch {
  const moveOn = async (review: OverdueReview): Promise<void> => {
    const { orgId, reviewId } = review;
    const { status, level, round = 0, dueAtMs, joinedTo } = await steps.readLadder({ orgId, reviewId });
    if (status !== 'pending' || joinedTo !== undefined || dueAtMs === null || dueAtMs > now()) return;
    const stepKey = round === 0 ? `timeout/${level}` : `timeout/${round}.${level}`;
    await steps.takeReviewStep({ orgId, reviewId, stepKey, level, round, move: { step: 'timeout' } });
    // Not waited for, since Temporal may be away: what is recorded stands, and the run looks at it when it wakes.
    void wake(review).catch(() => undefined);
  };
  return watch(
    async (signal) => {
      const overdue = await list({ before: new Date(now() - graceMs), limit: MAX_REVIEWS });
      // One that cannot be moved must not keep the others waiting.
      await inParallel(overdue, AT_ONCE, async (review) => (signal.aborted ? undefined : moveOn(review).catch(onError)));
    },
    { everyMs, onError },
  );
}
