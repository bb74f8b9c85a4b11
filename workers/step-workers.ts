import { Worker } from '@temporalio/worker';
import type { AnchorActivities } from '../activities/anchor-checkpoints.ts';
import type { BatchActivities } from '../activities/batch-decision.ts';
import type { ErasureActivities } from '../activities/erasure.ts';
import type { LedgerCheckActivities } from '../activities/ledger-check.ts';
import type { MaintenanceActivities } from '../activities/maintenance.ts';
import type { OutcomeActivities } from '../activities/outcome.ts';
import type { ResumeActivities } from '../activities/resume.ts';
import type { RetentionActivities } from '../activities/retention.ts';
import type { ReviewActivities } from '../activities/review.ts';
import type { SweepActivities } from '../activities/sweep.ts';
import type { NotificationActivities } from '../activities/notification.ts';
import type { WebhookActivities } from '../activities/webhook.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import type { TemporalConnection } from './temporal-connection.ts';

/** What all of them have in common: a queue, its activities, and ten seconds to finish what is under way. */
const optionsOf = ({ connection, namespace, dataConverter }: TemporalConnection, taskQueue: string, activities: object) => ({
  connection,
  namespace,
  dataConverter,
  taskQueue,
  activities: { ...activities },
  shutdownGraceTime: '10s' as const,
});

/** Steps of reviews: activities only, so it needs no bundle and can run anywhere. */
export function createReviewWorker(
  temporal: TemporalConnection,
  activities: ReviewActivities & BatchActivities & OutcomeActivities & SweepActivities,
): Promise<Worker> {
  return Worker.create({
    ...optionsOf(temporal, TASK_QUEUE.hitl, activities),
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentActivityTaskPolls: 4,
  });
}

/** Notices to people: their runs and their steps on one queue, so that a slow receiver stands before nothing but other notices. */
export function createNoticeWorker(temporal: TemporalConnection, activities: NotificationActivities, workflowBundlePath: string): Promise<Worker> {
  return Worker.create({
    ...optionsOf(temporal, TASK_QUEUE.notices, activities),
    workflowBundle: { codePath: workflowBundlePath },
    maxCachedWorkflows: 100,
    maxConcurrentWorkflowTaskExecutions: 20,
    maxConcurrentActivityTaskExecutions: 30,
    ...FEW_POLLS,
  });
}

/** Messages to customers' systems. Their receivers are many and may be slow: they stand before nothing but one another. */
export function createWebhookWorker(temporal: TemporalConnection, activities: WebhookActivities, workflowBundlePath: string): Promise<Worker> {
  return Worker.create({
    ...optionsOf(temporal, TASK_QUEUE.webhooks, activities),
    workflowBundle: { codePath: workflowBundlePath },
    maxCachedWorkflows: 100,
    maxConcurrentWorkflowTaskExecutions: 10,
    maxConcurrentActivityTaskExecutions: 50,
    ...FEW_POLLS,
  });
}

/** Scheduled upkeep, with workflows of its own on a queue that nothing urgent shares. */
export function createMaintenanceWorker(
  temporal: TemporalConnection,
  activities: MaintenanceActivities & AnchorActivities & ResumeActivities & LedgerCheckActivities & ErasureActivities & Partial<RetentionActivities>,
  workflowBundlePath: string,
): Promise<Worker> {
  return Worker.create({
    ...optionsOf(temporal, TASK_QUEUE.maintenance, activities),
    workflowBundle: { codePath: workflowBundlePath },
    maxCachedWorkflows: 20,
    ...FEW_POLLS,
  });
}

/** Nobody waits for what these queues hold to the millisecond. */
const FEW_POLLS = { maxConcurrentWorkflowTaskPolls: 2, maxConcurrentActivityTaskPolls: 2 };
