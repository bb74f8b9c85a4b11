import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { DecisionUnavailable } from '../api/governance-runtime.ts';
import { verifyLedgerId } from '../workflows/ids.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import type { verifyLedger } from '../workflows/verify-ledger.ts';
import { startRun } from './start-run.ts';

/** Starts the run of a check, or leaves the one that runs. @throws DecisionUnavailable */
export async function startLedgerCheck(client: Client, { orgId, checkId }: { orgId: string; checkId: string }, timeoutMs = 5_000): Promise<void> {
  await startRun<typeof verifyLedger>(client, 'verifyLedger', timeoutMs, {
    taskQueue: TASK_QUEUE.maintenance,
    workflowId: verifyLedgerId(orgId, checkId),
    args: [{ orgId, checkId }],
    typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
  }).catch((cause: unknown) => {
    throw new DecisionUnavailable('the check was not started yet', { cause });
  });
}
