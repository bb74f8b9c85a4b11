import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { TASK_QUEUE } from '../workflows/options.ts';

const MAINTAIN_LEDGER: ScheduleOptions = {
  scheduleId: 'maintain-ledger',
  spec: { intervals: [{ every: '1d' }], jitter: '10m' },
  // A schedule that was down for a day makes up for one run, not for a year of them.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1d', pauseOnFailure: false },
  action: { type: 'startWorkflow', workflowType: 'maintainLedger', taskQueue: TASK_QUEUE.maintenance, workflowId: 'maintain-ledger' },
};

const RESUME_SWEEPS: ScheduleOptions = {
  scheduleId: 'resume-sweeps',
  spec: { intervals: [{ every: '1m' }] },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m', pauseOnFailure: false },
  action: { type: 'startWorkflow', workflowType: 'resumeSweeps', taskQueue: TASK_QUEUE.maintenance, workflowId: 'resume-sweeps' },
};

const VERIFY_LEDGERS: ScheduleOptions = {
  scheduleId: 'verify-ledgers',
  // Not at the same time as the rest of the day's upkeep.
  spec: { intervals: [{ every: '1d', offset: '3h' }], jitter: '1h' },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1d', pauseOnFailure: false },
  action: { type: 'startWorkflow', workflowType: 'verifyLedgers', taskQueue: TASK_QUEUE.maintenance, workflowId: 'verify-ledgers' },
};

const ANCHOR_CHECKPOINTS: ScheduleOptions = {
  scheduleId: 'anchor-checkpoints',
  spec: { intervals: [{ every: '1m' }] },
  // Each run shows what is the newest then: there is nothing to make up for.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m', pauseOnFailure: false },
  action: { type: 'startWorkflow', workflowType: 'anchorCheckpoints', taskQueue: TASK_QUEUE.maintenance, workflowId: 'anchor-checkpoints' },
};

const RETENTION_PURGE: ScheduleOptions = {
  scheduleId: 'retention-purge',
  // Before the ledgers are verified, so that what was purged is looked at the same night.
  spec: { intervals: [{ every: '1d', offset: '1h' }], jitter: '1h' },
  // Bodies stay for a day longer at most when a run is missed: whatever is due then goes with the next one.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1d', pauseOnFailure: false },
  action: { type: 'startWorkflow', workflowType: 'retentionPurge', taskQueue: TASK_QUEUE.maintenance, workflowId: 'retention-purge' },
};

/** Creates the product's schedules, or brings them to what this release says. A pause set by an operator stays. */
export async function ensureSchedules(client: Client, { purges = true }: { purges?: boolean } = {}): Promise<void> {
  for (const schedule of [MAINTAIN_LEDGER, RESUME_SWEEPS, ANCHOR_CHECKPOINTS, VERIFY_LEDGERS, ...(purges ? [RETENTION_PURGE] : [])])
    await ensureSchedule(client, schedule);
}

async function ensureSchedule(client: Client, schedule: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(schedule);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { scheduleId, ...desired } = schedule;
    await client.schedule.getHandle(scheduleId).update((current) => ({ ...current, ...desired, state: current.state }));
  }
}
