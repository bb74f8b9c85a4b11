import { CancellationScope, continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { RetentionActivities } from '../activities/retention.ts';
import type { PurgeProgress } from '../db/queries/purge.ts';
import { cancellationOf } from './cancellation.ts';
import { RETENTION_STEP } from './options.ts';

const { recordPurges, recordSigned, dropLeaves, deleteBodies, endPurge } = proxyActivities<RetentionActivities>(RETENTION_STEP);

/** Where a run goes on that has become too long. */
export interface PurgePosition {
  runId: string;
  /** Everything is recorded: what is left is to delete. */
  recorded: boolean;
  after: string | null;
}

/** The signer is never further behind than this, when there is one. */
const CHECKPOINT_WAITS = 6;
const CHECKPOINT_WAIT = '20s';

/**
 * Scheduled daily: takes the bodies whose retention has run out. The entries that say so come first, each below a signed checkpoint; then whole
 * partitions go, then what is left, then what the spine may lose. A run that is cancelled ends where it stands, and the next one takes up the rest.
 */
export async function retentionPurge(position?: PurgePosition): Promise<PurgeProgress> {
  const { runId, recorded, after } = position ?? { runId: `prg_${workflowInfo().firstExecutionRunId.replaceAll('-', '')}`, recorded: false, after: null };
  try {
    if (!recorded) await recordAll(runId, after);
    for (;;) {
      const progress = await deleteBodies({ runId });
      show('deleting', progress);
      if (progress.running === 0) return progress;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof retentionPurge>({ runId, recorded: true, after: null });
    }
  } catch (error) {
    const cancelled = cancellationOf(error);
    if (cancelled !== undefined) await CancellationScope.nonCancellable(() => endPurge({ runId }));
    throw cancelled ?? error;
  }
}

async function recordAll(runId: string, from: string | null): Promise<void> {
  let progress: PurgeProgress;
  for (let after = from; ;) {
    const { next, ...recorded } = await recordPurges({ runId, after });
    progress = recorded;
    show('recording', progress);
    if (next === null) break;
    after = next;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof retentionPurge>({ runId, recorded: false, after });
  }
  for (let waits = 0; progress.unsigned > 0 && waits < CHECKPOINT_WAITS; waits += 1) {
    show('waiting for a checkpoint', progress);
    await sleep(CHECKPOINT_WAIT);
    progress = await recordSigned({ runId });
  }
  show('dropping partitions', await dropLeaves({ runId }));
}

function show(step: string, { total, done, running, finished, unsigned, failed }: PurgeProgress): void {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const lines = [`**${step}**: ${percent} % of ${total} bodies`, `- organisations: ${running} under way, ${finished} done`];
  if (unsigned > 0) lines.push(`- ${unsigned} wait for a checkpoint: nothing goes that no checkpoint covers. Is the signer running?`);
  if (failed > 0) lines.push(`- ${failed} failed: see the log of the worker`);
  setCurrentDetails(lines.join('\n'));
}
