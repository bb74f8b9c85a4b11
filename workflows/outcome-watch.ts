import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { OutcomeActivities } from '../activities/outcome.ts';
import { outcomeReportedSignal } from './messages.ts';
import { REVIEW_STEP } from './options.ts';

const { watchOutcome } = proxyActivities<OutcomeActivities>(REVIEW_STEP);

/** Keeps the run open until the agent has reported how the action went, or its time to do so is over. Answers what it came to. */
export async function awaitOutcome({ orgId, eventId }: { orgId: string; eventId: string }): Promise<string> {
  let told = false;
  setHandler(outcomeReportedSignal, () => void (told = true), { description: 'The agent has reported: look again.' });
  for (;;) {
    told = false;
    const { status, lookAgainMs } = await watchOutcome({ orgId, eventId });
    if (lookAgainMs === null) return status;
    await condition(() => told, lookAgainMs, { summary: 'the agent reports how it went' });
  }
}
