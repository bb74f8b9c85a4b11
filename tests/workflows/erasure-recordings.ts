import type { WorkflowHandle } from '@temporalio/client';
import { endErasure } from '../../db/queries/erasures.ts';
import { startErasure } from '../../workers/erasure-runs.ts';
import type { eraseSubject } from '../../workflows/erase-subject.ts';
import { eraseSubjectId } from '../../workflows/ids.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { auditOf } from '../support/ledger-records.ts';
import { leaveErasure, startLeft } from './erasures.ts';
import { atRest, type History, seen } from './run-history.ts';
import type { Stage } from './stage.ts';

const ended = async (handle: WorkflowHandle): Promise<History> => {
  await handle.result().catch(() => undefined);
  return handle.fetchHistory();
};

/** Erasures in every state. For record-histories.ts. */
export const ERASURE_RECORDINGS: Record<string, (stage: Stage) => Promise<History>> = {
  'erase-subject.completed': async (stage) => ended(await startLeft(stage, await leaveErasure(stage))),
  // As the run before it would have left it: in the middle of the first pass.
  async 'erase-subject.goes-on-within-a-pass'(stage) {
    const erasure = await leaveErasure(stage);
    const within = { place: { part: 'entries', after: 0 } as const, done: 1, found: 0, open: 0 };
    return ended(
      await stage.temporal.workflow.start<typeof eraseSubject>('eraseSubject', {
        taskQueue: TASK_QUEUE.maintenance,
        workflowId: eraseSubjectId(erasure.orgId, erasure.erasureId),
        args: [{ ...erasure, passes: 0, within }],
      }),
    );
  },
  // Its event waits for people and nobody sweeps: the run that holds its content stays open.
  'erase-subject.waits': async (stage) => atRest(await startLeft(stage, await leaveErasure(stage, 'transfer'))),
  async 'erase-subject.cancelled-by-request'(stage) {
    const erasure = await leaveErasure(stage, 'transfer');
    const handle = await startLeft(stage, erasure);
    await atRest(handle);
    await endErasure(stage.sql, { ...erasure, status: 'cancelled', historiesGoneAt: null, audit: auditOf('erasure.cancelled') });
    await startErasure(stage.temporal, erasure, 10_000);
    return ended(handle);
  },
  async 'erase-subject.cancelled'(stage) {
    const handle = await startLeft(stage, await leaveErasure(stage, 'transfer'));
    await atRest(handle);
    await handle.cancel();
    return ended(handle);
  },
  async 'erase-subject.held-up'(stage) {
    const erasure = await leaveErasure(stage);
    stage.proxy.cut();
    const handle = await startLeft(stage, erasure);
    await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
    const history = await handle.fetchHistory();
    stage.proxy.restore();
    return history;
  },
};
