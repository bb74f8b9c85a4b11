import { Worker } from '@temporalio/worker';
import type { DecisionActivities } from '../activities/decision.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import type { TemporalConnection } from './temporal-connection.ts';

export interface DecisionWorkerOptions {
  temporal: TemporalConnection;
  activities: DecisionActivities;
  workflowBundlePath: string;
  shutdownGraceTime?: `${number}s`;
}

/** The worker of the `governance` queue. It shares its connection with the API, so that first tasks come back with the start call. */
export function createDecisionWorker({ temporal, activities, workflowBundlePath, shutdownGraceTime = '10s' }: DecisionWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    taskQueue: TASK_QUEUE.governance,
    workflowBundle: { codePath: workflowBundlePath },
    activities: { ...activities },
    // Explicit, because the default follows the heap and lets a busy worker run out of it.
    maxCachedWorkflows: 500,
    maxConcurrentWorkflowTaskExecutions: 100,
    maxConcurrentLocalActivityExecutions: 200,
    maxConcurrentActivityTaskExecutions: 50,
    // First tasks that were not started eagerly arrive on the normal queue; the default leaves it two pollers of ten.
    nonStickyToStickyPollRatio: 0.5,
    maxConcurrentWorkflowTaskPolls: 6,
    // A worker that was killed is given up after this; the default of 10 s outlives a reviewer's click.
    stickyQueueScheduleToStartTimeout: '1s',
    maxConcurrentActivityTaskPolls: 2,
    shutdownGraceTime,
  });
}
