import { createBatchActivities } from '../../activities/batch-decision.ts';
import { createOutcomeActivities } from '../../activities/outcome.ts';
import { createReviewActivities } from '../../activities/review.ts';
import { createReweigh } from '../../activities/reweigh.ts';
import { createSweepActivities, type WaitingRun } from '../../activities/sweep.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { WEBHOOK_WAITS_MS } from '../../core/webhooks/schedule.ts';
import { listOverdueReviews } from '../../db/queries/left-lying.ts';
import { createNotices } from '../notices.ts';
import { watchOverdueReviews } from '../overdue-reviews.ts';
import { wakeReview } from '../restart-review.ts';
import { createNoticeWorker, createReviewWorker, createWebhookWorker } from '../step-workers.ts';
import { tellRuns } from '../sweep-runs.ts';
import { startDelivery } from '../webhook-runs.ts';
import { watchWebhooks } from '../webhook-watch.ts';
import { createWebhooks } from '../webhooks.ts';
import type { RoleParts, RunningRole } from './role.ts';

/** The steps of reviews, the notices to people, the webhooks to systems, and the watches for levels that ran out and for what is to be told. */
export async function openHitlRole({ config, temporal, vault, metrics, logger }: RoleParts): Promise<RunningRole> {
  const { sql } = vault;
  const { client } = temporal;
  const now = Date.now;
  const tell = (orgId: string, runs: readonly WaitingRun[]): Promise<void> => tellRuns(client, orgId, runs);
  const steps = createReviewActivities({ vault, weigh: createWeigh({ vault, now }), now });
  const notices = createNotices(vault, config);
  const webhooks = createWebhooks(sql, config, metrics);
  const workers = [
    await createReviewWorker(temporal, {
      ...steps,
      ...createBatchActivities({ vault, tellRuns: tell, now }),
      ...createOutcomeActivities({ sql, now }),
      ...createSweepActivities({ vault, reweigh: createReweigh({ vault, now }), tellRuns: tell, now }),
    }),
    await createNoticeWorker(temporal, notices.activities, config.workflowBundlePath),
    await createWebhookWorker(temporal, webhooks.activities, config.workflowBundlePath),
  ];
  const overdue = watchOverdueReviews({
    list: (page) => listOverdueReviews(sql, page),
    steps,
    wake: (review) => wakeReview(client, vault, review),
    onError: (error) => logger.warn({ err: error }, 'overdue reviews are not moved on'),
    now,
  });
  const telling = watchWebhooks({
    sql,
    feed: webhooks.feed,
    start: (delivery) => startDelivery(client, delivery, config.webhookWaitsMs ?? WEBHOOK_WAITS_MS),
    onError: (error) => logger.warn({ err: error }, 'webhooks are not sent; they wait'),
    now,
  });
  return {
    workers,
    async quiet() {
      await Promise.all([overdue.stop(), telling.stop()]);
    },
    async close() {
      notices.close();
      webhooks.close();
    },
  };
}
