import { type Client, WorkflowIdReusePolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { eraseSubject } from '../workflows/erase-subject.ts';
import { eraseSubjectId } from '../workflows/ids.ts';
import { erasureMovedSignal } from '../workflows/messages.ts';
import { TASK_QUEUE } from '../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../workflows/search-attributes.ts';
import { callWithin } from './call-within.ts';

/** Starts the run of an erasure, or lets the one that runs look at once. The erasure's row says what there is to do. */
export async function startErasure(client: Client, { orgId, erasureId }: { orgId: string; erasureId: string }, timeoutMs = 900): Promise<void> {
  await callWithin(client, timeoutMs, () =>
    client.workflow.signalWithStart<typeof eraseSubject>('eraseSubject', {
      taskQueue: TASK_QUEUE.maintenance,
      workflowId: eraseSubjectId(orgId, erasureId),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      args: [{ orgId, erasureId }],
      signal: erasureMovedSignal,
      signalArgs: [],
      typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH_ATTRIBUTE.orgId, value: orgId }]),
    }),
  );
}
