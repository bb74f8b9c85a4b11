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

/** Creates the product's schedules, or brings them to what this release says. A pause set by an operator stays. */
export async function ensureSchedules(client: Client): Promise<void> {
  for (const schedule of [MAINTAIN_LEDGER, RESUME_SWEEPS]) await ensureSchedule(client, schedule);
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
