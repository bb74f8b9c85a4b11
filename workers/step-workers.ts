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

/** Steps of reviews: activities only, so it needs no bundle and can run anywhere. */
export function createReviewWorker(
  temporal: TemporalConnection,
  activities: ReviewActivities & BatchActivities & OutcomeActivities & SweepActivities,
): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    taskQueue: TASK_QUEUE.hitl,
    activities: { ...activities },
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentActivityTaskPolls: 4,
    shutdownGraceTime: '10s',
  });
}

/** Notices to people: their runs and their steps on one queue, so that a slow receiver stands before nothing but other notices. */
export function createNoticeWorker(temporal: TemporalConnection, activities: NotificationActivities, workflowBundlePath: string): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    taskQueue: TASK_QUEUE.notices,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
    maxCachedWorkflows: 100,
    maxConcurrentWorkflowTaskExecutions: 20,
    maxConcurrentActivityTaskExecutions: 30,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskPolls: 2,
    shutdownGraceTime: '10s',
  });
}

/** Messages to customers' systems. Their receivers are many and may be slow: they stand before nothing but one another. */
export function createWebhookWorker(temporal: TemporalConnection, activities: WebhookActivities, workflowBundlePath: string): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    taskQueue: TASK_QUEUE.webhooks,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
    maxCachedWorkflows: 100,
    maxConcurrentWorkflowTaskExecutions: 10,
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskPolls: 2,
    shutdownGraceTime: '10s',
  });
}

/** Scheduled upkeep, with workflows of its own on a queue that nothing urgent shares. */
export function createMaintenanceWorker(
  temporal: TemporalConnection,
  activities: MaintenanceActivities & AnchorActivities & ResumeActivities & LedgerCheckActivities & ErasureActivities & Partial<RetentionActivities>,
  workflowBundlePath: string,
): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    taskQueue: TASK_QUEUE.maintenance,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
    maxCachedWorkflows: 20,
    maxConcurrentWorkflowTaskPolls: 2,
    maxConcurrentActivityTaskPolls: 2,
    shutdownGraceTime: '10s',
  });
}
