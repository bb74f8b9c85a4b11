import { allHandlersFinished, condition, log, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { BatchActivities, BatchOutcome, BatchRequest } from '../activities/batch-decision.ts';
import { batchUpdate } from './messages.ts';
import { BATCH_STEP, BATCH_TELLING } from './options.ts';

const { decideBatch } = proxyActivities<BatchActivities>(BATCH_STEP);
const { tellBatch } = proxyActivities<BatchActivities>(BATCH_TELLING);

export interface DecidedReviews {
  recorded: number;
  closed: number;
  refused: number;
}

/** A person's decisions on many reviews. Who asks is answered once the votes stand; the runs that wait are told after that. */
export async function decideReviews(request: BatchRequest): Promise<DecidedReviews> {
  let outcome: BatchOutcome | undefined;
  setHandler(
    batchUpdate,
    async () => {
      await condition(() => outcome !== undefined);
      return outcome?.answers ?? [];
    },
    { description: 'Waits for what became of the decisions.' },
  );
  outcome = await decideBatch(request);
  const { answers, runs } = outcome;
  const count = (wanted: (typeof answers)[number]['status']): number => answers.filter(({ status }) => status === wanted).length;
  const counts = { recorded: count('recorded'), closed: count('closed'), refused: count('refused') };
  setCurrentDetails(
    `**${answers.length} decisions** of ${request.memberId}: ${counts.recorded} recorded, ${counts.closed} too late, ${counts.refused} refused`,
  );
  // A run that is not told looks at its review when its timer fires.
  if (runs.length > 0) await tellBatch({ orgId: request.orgId, runs }).catch(() => log.warn('the runs of a batch were not told'));
  if (!allHandlersFinished()) await condition(allHandlersFinished);
  return counts;
}
