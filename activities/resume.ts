import type { Sql } from '../db/client.ts';
import {
  listOverdueReviews,
  listRunningErasures,
  listRunningSweeps,
  type OverdueReview,
  type RunningErasure,
  type RunningSweep,
} from '../db/queries/left-lying.ts';

export interface ResumeActivitiesDeps {
  sql: Sql;
  /** Starts the run of a sweep, or leaves the one that runs. */
  startSweep: (sweep: RunningSweep) => Promise<void>;
  /** Starts the run of an erasure, or leaves the one that runs. */
  startErasure?: (erasure: RunningErasure) => Promise<void>;
  /** Starts the run of a review again, or, where it runs, lets it look again. */
  wakeReview: (review: OverdueReview) => Promise<void>;
  now: () => number;
}

export type ResumeActivities = ReturnType<typeof createResumeActivities>;

/** A level that ran out this long ago has nobody who sees to it: timers fire within seconds of a recovery. */
const OVERDUE_MS = 30_000;
const MAX_SWEEPS = 200;
const MAX_REVIEWS = 500;
const MAX_ERASURES = 200;

/** Takes up what a killed process, a lost signal or a lost Temporal database has left lying. Oldest first; what does not fit is the next run's. */
export function createResumeActivities({ sql, startSweep, startErasure, wakeReview, now }: ResumeActivitiesDeps) {
  return {
    async resumeSweepRuns(): Promise<{ sweeps: number; failed: number }> {
      const sweeps = await listRunningSweeps(sql, { limit: MAX_SWEEPS });
      const failed = await failuresOf(sweeps, startSweep);
      if (startErasure === undefined) return { sweeps: sweeps.length, failed };
      // With the sweeps, so that the run that calls this stays as it is in histories of 0.1.0.
      return { sweeps: sweeps.length, failed: failed + (await failuresOf(await listRunningErasures(sql, { limit: MAX_ERASURES }), startErasure)) };
    },

    async wakeOverdueReviews(): Promise<{ reviews: number; failed: number }> {
      const reviews = await listOverdueReviews(sql, { before: new Date(now() - OVERDUE_MS), limit: MAX_REVIEWS });
      return { reviews: reviews.length, failed: await failuresOf(reviews, wakeReview) };
    },
  };
}

/** Ten at a time. One that cannot be taken up must not keep the others waiting. */
async function failuresOf<Item>(items: readonly Item[], take: (item: Item) => Promise<void>): Promise<number> {
  const queue = items.values();
  let failed = 0;
  const work = async (): Promise<void> => {
    for (const item of queue) await take(item).catch(() => (failed += 1));
  };
  await Promise.all(Array.from({ length: 10 }, work));
  return failed;
}
