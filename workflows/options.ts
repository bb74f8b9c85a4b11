import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** Task queues. Decisions have their own, so that nothing slow stands before them. */
export const TASK_QUEUE = { governance: 'governance', hitl: 'hitl', maintenance: 'maintenance' } as const;

/** A worker killed in the middle of a decision costs that decision this long. */
export const DECISION_TASK_TIMEOUT = '3s';

/** The deciding step on the fast path: two tries within the time a caller waits. */
export const FAST_DECISION: LocalActivityOptions = {
  scheduleToCloseTimeout: '2s',
  retry: { maximumAttempts: 2, initialInterval: '50ms' },
};

/** The same step when the fast path gave up: it goes on until the record stands. */
export const PATIENT_DECISION: ActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** Steps of a review: recorded before anybody is told. */
export const REVIEW_STEP: ActivityOptions = {
  taskQueue: TASK_QUEUE.hitl,
  // A step takes milliseconds and is recorded once however often it is tried; a worker killed in one must not hold the ladder up.
  startToCloseTimeout: '3s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

export const MAINTENANCE_STEP: ActivityOptions = {
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
};
