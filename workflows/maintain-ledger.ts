import { proxyActivities } from '@temporalio/workflow';
import type { MaintenanceActivities } from '../activities/maintenance.ts';
import { MAINTENANCE_STEP } from './options.ts';

const { makePartitions } = proxyActivities<MaintenanceActivities>(MAINTENANCE_STEP);

/** Scheduled daily: makes the ledger's partitions ahead of time and says whether any record fell into a default partition. */
export async function maintainLedger(): Promise<{ partitionsMade: number; defaultRows: number }> {
  return makePartitions();
}
