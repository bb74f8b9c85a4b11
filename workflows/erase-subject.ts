import { CancellationScope, condition, continueAsNew, patched, proxyActivities, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ErasedPage, ErasureActivities, ErasurePlace } from '../activities/erasure.ts';
import { cancellationOf } from './cancellation.ts';
import { erasureMovedSignal } from './messages.ts';
import { ERASURE_STEP } from './options.ts';

const { erasePage, completeErasure, endErasure } = proxyActivities<ErasureActivities>(ERASURE_STEP);

export interface ErasureRequest {
  orgId: string;
  erasureId: string;
  /** Passes that have been made. */
  passes?: number;
  /** Where the pass after them goes on. */
  within?: PassPosition;
}

interface PassPosition extends Pick<ErasedPage, 'done' | 'found' | 'open'> {
  place: ErasurePlace;
}

export interface ErasedSubject {
  status: ErasedPage['status'];
  passes: number;
}

const FIRST: PassPosition = { place: { part: 'entries', after: -1 }, done: 0, found: 0, open: 0 };

/**
 * Between two passes. The server takes up to a minute to delete what it was told to. What is open is refused at once where it waits for people;
 * an action that is to be reported on may take its time.
 */
const WAITS_MS = [5_000, 10_000, 15_000, 15_000, 15_000, 15_000, 60_000, 300_000, 900_000, 3_600_000];

/**
 * Deletes what Temporal keeps of a person whose keys are destroyed, in passes until one finds nothing more. The erasure's row says
 * whether it still runs, so a page that is done twice, or by two runs, is harmless.
 */
export async function eraseSubject(request: ErasureRequest): Promise<ErasedSubject> {
  const { orgId, erasureId } = request;
  let { passes = 0, within } = request;
  let told = false;
  setHandler(erasureMovedSignal, () => void (told = true), { description: 'The erasure was cancelled, or is to go on: look at once.' });
  try {
    for (;;) {
      told = false;
      const { status, found } = await pass({ orgId, erasureId, passes }, within);
      within = undefined;
      passes += 1;
      if (status !== 'running') return { status, passes };
      // What was closed a moment ago may not have been in the list yet: the first pass never is the last.
      if (found === 0 && passes > 1) {
        await completeErasure({ orgId, erasureId });
        return { status: 'completed', passes };
      }
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof eraseSubject>({ orgId, erasureId, passes });
      const waitMs = WAITS_MS[Math.min(passes, WAITS_MS.length) - 1] ?? 0;
      await condition(() => told, waitMs, { summary: 'looks again for what was open' });
    }
  } catch (error) {
    const cancelled = cancellationOf(error);
    if (cancelled !== undefined) await CancellationScope.nonCancellable(() => endErasure({ orgId, erasureId }));
    throw cancelled ?? error;
  }
}

/** Looks at everything once. An organisation with many runs has more pages than one history can hold. */
async function pass(request: ErasureRequest, { place: first, ...before }: PassPosition = FIRST): Promise<Pick<ErasedPage, 'status' | 'found'>> {
  const { orgId, erasureId } = request;
  let { done, found, open } = before;
  let place = first;
  for (;;) {
    const page = await erasePage({ orgId, erasureId, place, done });
    found += page.found;
    open += page.open;
    done = page.done;
    setCurrentDetails(`**${done} of ${page.total}** records, ${page.status}\n- histories found in this pass: ${found}, ${open} of them open`);
    if (page.next === null) return { status: page.status, found };
    place = page.next;
    if (workflowInfo().continueAsNewSuggested && patched('erasure-goes-on-within-a-pass')) {
      await continueAsNew<typeof eraseSubject>({ ...request, within: { place, done, found, open } });
    }
  }
}
