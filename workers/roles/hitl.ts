import { createBatchActivities } from '../../activities/batch-decision.ts';
import { createOutcomeActivities } from '../../activities/outcome.ts';
import { createReviewActivities } from '../../activities/review.ts';
import { createReweigh } from '../../activities/reweigh.ts';
import { createSweepActivities, type WaitingRun } from '../../activities/sweep.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { listOverdueReviews } from '../../db/queries/left-lying.ts';
import { createNotices } from '../notices.ts';
import { watchOverdueReviews } from '../overdue-reviews.ts';
import { wakeReview } from '../restart-review.ts';
import { createNoticeWorker, createReviewWorker } from '../step-workers.ts';
import { tellRuns } from '../sweep-runs.ts';
import type { RoleParts, RunningRole } from './role.ts';

/** The steps of reviews, the notices to people, and the watch for levels that ran out. */
export async function openHitlRole({ config, temporal, vault, logger }: RoleParts): Promise<RunningRole> {
  const { sql } = vault;
  const { client } = temporal;
  const now = Date.now;
  const tell = (orgId: string, runs: readonly WaitingRun[]): Promise<void> => tellRuns(client, orgId, runs);
  const steps = createReviewActivities({ vault, weigh: createWeigh({ vault, now }), now });
  const notices = createNotices(vault, config);
  const workers = [
    await createReviewWorker(temporal, {
      ...steps,
      ...createBatchActivities({ vault, tellRuns: tell, now }),
      ...createOutcomeActivities({ sql, now }),
      ...createSweepActivities({ vault, reweigh: createReweigh({ vault, now }), tellRuns: tell, now }),
    }),
    await createNoticeWorker(temporal, notices.activities, config.workflowBundlePath),
  ];
  const overdue = watchOverdueReviews({
    list: (page) => listOverdueReviews(sql, page),
    steps,
    wake: (review) => wakeReview(client, vault, review),
    onError: (error) => logger.warn({ err: error }, 'overdue reviews are not moved on'),
    now,
  });
  return {
    workers,
    quiet: () => overdue.stop(),
    async close() {
      notices.close();
    },
  };
}
