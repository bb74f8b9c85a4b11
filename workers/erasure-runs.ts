import { type Client, WorkflowIdReusePolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { RunningErasure } from '../db/queries/left-lying.ts';
import type { eraseSubject } from '../workflows/erase-subject.ts';
import { eraseSubjectId } from '../workflows/ids.ts';
import { erasureMovedSignal } from '../workflows/messages.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';
import { startRun } from './start-run.ts';

const runOf = ({ orgId, erasureId }: RunningErasure) => ({
  taskQueue: TASK_QUEUE.maintenance,
  workflowId: eraseSubjectId(orgId, erasureId),
  args: [{ orgId, erasureId }] as Parameters<typeof eraseSubject>,
  typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
});

/** Starts the run of an erasure, or lets the one that runs look at once. The erasure's row says what there is to do. */
export async function startErasure(client: Client, erasure: RunningErasure, timeoutMs = 900): Promise<void> {
  await callWithin(client, timeoutMs, () =>
    client.workflow.signalWithStart<typeof eraseSubject>('eraseSubject', {
      ...runOf(erasure),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      signal: erasureMovedSignal,
      signalArgs: [],
    }),
  );
}

/** Starts the run of an erasure, or leaves the one that runs: it knows how long what is open may take. */
export const resumeErasure = (client: Client, erasure: RunningErasure, timeoutMs = 900): Promise<void> =>
  startRun<typeof eraseSubject>(client, 'eraseSubject', timeoutMs, runOf(erasure));
