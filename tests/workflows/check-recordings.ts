import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { openLedgerCheck } from '../../db/queries/ledger-checks.ts';
import { startLedgerCheck } from '../../workers/ledger-checks.ts';
import { verifyLedgerId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { verifyLedger } from '../../workflows/verify-ledger.ts';
import type { verifyLedgers } from '../../workflows/verify-ledgers.ts';
import { type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';

/** Opens a check of an organisation's ledger and starts its run, as a request would. */
export async function startCheck({ sql, temporal }: Pick<Stage, 'sql' | 'temporal'>, orgId: string): Promise<WorkflowHandle<typeof verifyLedger>> {
  const checkId = await openLedgerCheck(sql, { orgId, checkId: `chk_${randomUUID()}`, requestedBy: 'key:test' });
  await startLedgerCheck(temporal, { orgId, checkId }, 10_000);
  return temporal.workflow.getHandle<typeof verifyLedger>(verifyLedgerId(orgId, checkId));
}

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** A check that cannot reach the database: it is tried again and again. */
async function heldUp(stage: Stage): Promise<WorkflowHandle<typeof verifyLedger>> {
  const { orgId } = await stage.addOrganization();
  stage.proxy.cut();
  const handle = await startCheck(stage, orgId);
  await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
  return handle;
}

/** Checks of ledgers in every state. For record-histories.ts. */
export const MAINTENANCE_STEPINGS: Record<string, (stage: Stage) => Promise<History>> = {
  async 'verify-ledger.done'(stage) {
    return ended(await startCheck(stage, (await stage.addOrganization()).orgId));
  },
  async 'verify-ledger.held-up'(stage) {
    const handle = await heldUp(stage);
    const history = await handle.fetchHistory();
    stage.proxy.restore();
    await handle.result();
    return history;
  },
  async 'verify-ledger.cancelled'(stage) {
    const handle = await heldUp(stage);
    await handle.cancel();
    await seen(handle, 'WORKFLOW_EXECUTION_CANCEL_REQUESTED');
    stage.proxy.restore();
    return ended(handle);
  },
  async 'verify-ledgers.done'(stage) {
    const options = { taskQueue: TASK_QUEUE.maintenance, workflowId: `verify-ledgers-${randomUUID()}` };
    return ended(await stage.temporal.workflow.start<typeof verifyLedgers>('verifyLedgers', options));
  },
};
