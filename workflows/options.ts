import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** Task queues. Decisions have their own, so that nothing slow stands before them. */
export const TASK_QUEUE = { governance: 'governance', hitl: 'hitl', notices: 'notices', webhooks: 'webhooks', maintenance: 'maintenance' } as const;

/** A worker killed in the middle of a decision costs that decision this long. */
export const DECISION_TASK_TIMEOUT = '3s';

/** The deciding step on the fast path: two tries within the time a caller waits. */
export const FAST_DECISION: LocalActivityOptions = {
  scheduleToCloseTimeout: '2s',
  retry: { maximumAttempts: 2, initialInterval: '50ms' },
};

/** The same for a batch, which nobody holds an agent up for: giving up one that is only slow would do its work twice. */
export const FAST_OBSERVATION: LocalActivityOptions = { ...FAST_DECISION, scheduleToCloseTimeout: '8s' };

/** The same step when the fast path gave up: it goes on until the record stands. */
export const PATIENT_DECISION: ActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** Steps of a review: recorded before anybody is told. */
export const REVIEW_STEP: ActivityOptions = {
  taskQueue: TASK_QUEUE.hitl,
  // Parts that are back are found again within a second: a level that ran out meanwhile moves on soon after.
  // A step takes milliseconds and is recorded once however often it is tried; a worker killed in one must not hold the ladder up.
  startToCloseTimeout: '2s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
};

/** One page of a sweep: a hundred reviews in one call. A worker that is killed in one costs the sweep this long. */
export const SWEEP_STEP: ActivityOptions = {
  taskQueue: TASK_QUEUE.hitl,
  startToCloseTimeout: '20s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** What notices read and note; their queue is that of their runs, so that slow receivers stand before nothing but other notices. */
export const NOTICE_STEP: ActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' },
};

/** One try to send. The next one is the run's to make: its waits are longer than a retry policy's. */
export const NOTICE_SEND: ActivityOptions = {
  startToCloseTimeout: '90s',
  retry: { maximumAttempts: 1 },
};

/** What deliveries of webhooks note. Their queue is their own: receivers are the customers', and there may be many. */
export const WEBHOOK_STEP: ActivityOptions = { ...NOTICE_STEP };

/** One try to deliver. It takes fifteen seconds at most; a worker that is killed in one is missed soon after. */
export const WEBHOOK_SEND: ActivityOptions = {
  startToCloseTimeout: '25s',
  retry: { maximumAttempts: 1 },
};

const UPKEEP: ActivityOptions = { taskQueue: TASK_QUEUE.maintenance, retry: { initialInterval: '1s', maximumInterval: '1m' } };

/** A short step of upkeep. */
export const MAINTENANCE_STEP: ActivityOptions = { ...UPKEEP, startToCloseTimeout: '1m' };

/** A page of the purge: some seconds of work. It says that it lives between statements; one that was killed is begun again after the time-out. */
export const RETENTION_STEP: ActivityOptions = {
  ...UPKEEP,
  startToCloseTimeout: '15m',
  heartbeatTimeout: '90s',
  // Nothing is recorded or deleted any more when a cancelled run says that it has ended.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

/** A whole ledger, read page by page: a worker that is killed in it is missed after half a minute. */
export const CHECK_STEP: ActivityOptions = {
  ...UPKEEP,
  startToCloseTimeout: '12h',
  heartbeatTimeout: '30s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

/** A page of an erasure: a hundred runs to find and delete, or as many to read. It says that it lives when they are read and with each that is deleted; reading alone is a few calls of ten seconds at most. */
export const ERASURE_STEP: ActivityOptions = { ...UPKEEP, startToCloseTimeout: '5m', heartbeatTimeout: '1m' };

/** A page of checkpoints shown to one anchor. It is tried until it succeeds: an outage of days loses none. */
export const ANCHOR_STEP: ActivityOptions = {
  startToCloseTimeout: '5m',
  // One checkpoint at a time is shown, to a receiver that answers within half a minute or not at all.
  heartbeatTimeout: '1m',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '5m' },
};

/** A person's decisions on up to a hundred reviews. */
export const BATCH_STEP: ActivityOptions = {
  taskQueue: TASK_QUEUE.hitl,
  startToCloseTimeout: '15s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** Telling the runs what they find out for themselves at their next timer is worth a few tries. */
export const BATCH_TELLING: ActivityOptions = { ...BATCH_STEP, retry: { initialInterval: '500ms', maximumAttempts: 5 } };
