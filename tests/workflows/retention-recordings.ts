import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { TASK_QUEUE } from '../../workflows/options.ts';
import type { PurgePosition, retentionPurge } from '../../workflows/retention-purge.ts';
import { openTestPool } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';
import { createPlainSigner } from '../support/purged-ledger.ts';
import { atRest, type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';

const start = ({ temporal }: Stage, position?: PurgePosition): Promise<WorkflowHandle<typeof retentionPurge>> =>
  temporal.workflow.start<typeof retentionPurge>('retentionPurge', {
    taskQueue: TASK_QUEUE.maintenance,
    workflowId: `retention-purge-${randomUUID()}`,
    args: position === undefined ? [] : [position],
  });

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** The ledger's clock ten days on, for as long as a run is recorded: what was kept for a week is due, and signed where `signed`. */
async function withDue(stage: Stage, { organizations, signed }: { organizations: number; signed: boolean }, record: () => Promise<History>): Promise<History> {
  const admin = openTestPool({ url: stage.adminUrl, maxConnections: 1 });
  const signerSql = openTestPool({ url: stage.adminUrl, role: 'mg_signer', maxConnections: 1 });
  const setClock = (ahead: string): Promise<unknown> =>
    admin.unsafe(
      `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp() + interval '${ahead}') $$`,
    );
  try {
    for (let count = 0; count < organizations; count += 1) await addOrganization(stage.sql, { retentionDays: 7 });
    if (signed) await createPlainSigner(signerSql, admin)();
    await setClock('10 days');
    return await record();
  } finally {
    await setClock('0');
    await Promise.all([admin.end({ timeout: 1 }), signerSql.end({ timeout: 1 })]);
  }
}

/** Purges in every state. For record-histories.ts, which runs them in this order: only the first one finds nothing that was signed before. */
export const RETENTION_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  'retention-purge.nothing-due': async (stage) => ended(await start(stage)),
  'retention-purge.waits-for-a-checkpoint': (stage) =>
    withDue(stage, { organizations: 1, signed: false }, async () => {
      const handle = await start(stage);
      const history = await atRest(handle);
      await handle.terminate('recorded');
      return history;
    }),
  'retention-purge.cancelled': (stage) =>
    withDue(stage, { organizations: 1, signed: false }, async () => {
      const handle = await start(stage);
      await atRest(handle);
      await handle.cancel();
      return ended(handle);
    }),
  'retention-purge.purged': (stage) => withDue(stage, { organizations: 55, signed: true }, async () => ended(await start(stage))),
  async 'retention-purge.held-up'(stage) {
    stage.proxy.cut();
    const handle = await start(stage);
    await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
    const history = await handle.fetchHistory();
    stage.proxy.restore();
    await handle.result();
    return history;
  },
  'retention-purge.goes-on': async (stage) => ended(await start(stage, { runId: 'prg_recorded', recorded: true, after: null })),
};
