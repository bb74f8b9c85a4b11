import { ParentClosePolicy, proxyActivities, setCurrentDetails, startChild } from '@temporalio/workflow';
import type { AnchorActivities } from '../activities/anchor-checkpoints.ts';
import { isAlreadyStarted } from './already-started.ts';
import { anchorId } from './ids.ts';
import { MAINTENANCE_STEP } from './options.ts';
import type { publishToAnchor } from './publish-to-anchor.ts';

const { surveyAnchors } = proxyActivities<AnchorActivities>(MAINTENANCE_STEP);

export interface AnchorRun {
  /** Anchors that are shown something from now on. */
  started: string[];
  /** Those whose run before this one has not ended: it goes on trying. */
  underWay: string[];
}

/** Scheduled every minute: gives each anchor that has not been shown everything a run of its own, so that one that is down holds up no other. */
export async function anchorCheckpoints(): Promise<AnchorRun> {
  const names = await surveyAnchors();
  const isStarted = await Promise.all(names.map(start));
  const run = { started: names.filter((_, at) => isStarted[at]), underWay: names.filter((_, at) => !isStarted[at]) };
  setCurrentDetails(`- started: ${run.started.join(', ') || 'none'}\n- still under way: ${run.underWay.join(', ') || 'none'}`);
  return run;
}

/** False where it runs already. */
async function start(anchor: string): Promise<boolean> {
  try {
    await startChild<typeof publishToAnchor>('publishToAnchor', {
      workflowId: anchorId(anchor),
      args: [{ anchor }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return true;
  } catch (error) {
    if (isAlreadyStarted(error)) return false;
    throw error;
  }
}
