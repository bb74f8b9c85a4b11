import { proxyActivities } from '@temporalio/workflow';
import type { ResumeActivities } from '../activities/resume.ts';
import { MAINTENANCE_STEP } from './options.ts';

const { resumeSweepRuns, wakeOverdueReviews } = proxyActivities<ResumeActivities>(MAINTENANCE_STEP);

export interface Resumed {
  sweeps: number;
  reviews: number;
  /** What could not be taken up; the next run tries again. */
  failed: number;
}

/** Scheduled every minute: starts sweeps that have no run, and wakes reviews whose time is over. */
export async function resumeSweeps(): Promise<Resumed> {
  const sweeps = await resumeSweepRuns();
  const reviews = await wakeOverdueReviews();
  return { sweeps: sweeps.sweeps, reviews: reviews.reviews, failed: sweeps.failed + reviews.failed };
}
