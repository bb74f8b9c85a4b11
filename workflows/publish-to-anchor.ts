import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { AnchorActivities, Anchored } from '../activities/anchor-checkpoints.ts';
import { ANCHOR_STEP } from './options.ts';

const { publishToAnchor: publishPage } = proxyActivities<AnchorActivities>(ANCHOR_STEP);

export interface AnchorRequest {
  anchor: string;
  /** What earlier runs of the same request have shown. */
  before?: Omit<Anchored, 'more'>;
}

/** Shows one anchor what waits for it, and tries until it takes it. Each try reads anew what is the newest. */
export async function publishToAnchor(request: AnchorRequest): Promise<Omit<Anchored, 'more'>> {
  const { anchor } = request;
  let { anchored, refused } = request.before ?? { anchored: 0, refused: 0 };
  for (;;) {
    const page = await publishPage({ anchor });
    anchored += page.anchored;
    refused += page.refused;
    setCurrentDetails(`**${anchor}**: ${anchored} checkpoints shown, ${refused} refused`);
    if (!page.more) return { anchored, refused };
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof publishToAnchor>({ anchor, before: { anchored, refused } });
  }
}
