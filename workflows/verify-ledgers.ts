import {
  CancellationScope,
  ChildWorkflowCancellationType,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { LedgerCheckActivities, OpenedCheck } from '../activities/ledger-check.ts';
import { cancellationOf } from './cancellation.ts';
import { verifyLedgerId } from './ids.ts';
import { MAINTENANCE_STEP, TASK_QUEUE } from './options.ts';
import type { verifyLedger } from './verify-ledger.ts';

const { openChecks } = proxyActivities<LedgerCheckActivities>(MAINTENANCE_STEP);

export interface CheckedLedgers {
  checked: number;
  withFindings: number;
  /** Runs that ended without an answer, or were under way already. */
  left: number;
}

interface Progress extends CheckedLedgers {
  /** Goes on behind this organisation. */
  after: string | null;
}

/** Scheduled daily: verifies the ledger of every organisation, one after the other. */
export async function verifyLedgers(start: Progress = { checked: 0, withFindings: 0, left: 0, after: null }): Promise<CheckedLedgers> {
  const progress = { ...start };
  for (;;) {
    const { checks, next } = await openChecks({ batch: workflowInfo().firstExecutionRunId, after: progress.after });
    for (const check of checks) {
      const findings = await findingsOf(check);
      if (findings === null) progress.left += 1;
      else progress.checked += 1;
      if (findings !== null && findings > 0) progress.withFindings += 1;
      setCurrentDetails(`**${progress.checked}** ledgers checked, ${progress.withFindings} with findings, ${progress.left} left`);
    }
    const { after: _, ...outcome } = progress;
    if (next === null) return outcome;
    progress.after = next;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof verifyLedgers>(progress);
  }
}

/** How many there are; null where nobody knows. One ledger that cannot be checked must not keep the others waiting. */
async function findingsOf({ orgId, checkId }: OpenedCheck): Promise<number | null> {
  try {
    const { findings } = await executeChild<typeof verifyLedger>('verifyLedger', {
      taskQueue: TASK_QUEUE.maintenance,
      workflowId: verifyLedgerId(orgId, checkId),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
      args: [{ orgId, checkId }],
    });
    return findings;
  } catch (error) {
    // A check that somebody cancelled by itself ends as cancelled, too: this run goes on.
    if (CancellationScope.current().consideredCancelled) throw cancellationOf(error);
    return null;
  }
}
