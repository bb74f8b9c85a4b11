import type { EventDraft } from '../decision.ts';
import type { Governor } from '../governor.ts';
import type { Permit } from '../permit.ts';
import { draftsOfCall } from './drafts.ts';
import type { AskedCall, CallFacts } from './model-call.ts';

/**
 * Asks about all of them side by side; with the first that may not be done, the others are no longer waited for.
 * @throws MastGuardBlockedError, or the signal's reason
 */
export async function permitAll(governor: Governor, drafts: readonly EventDraft[], signal?: AbortSignal): Promise<Permit[]> {
  if (drafts.length === 1) return [await governor.permit(drafts[0] as EventDraft, { signal })];
  signal?.throwIfAborted();
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.all(drafts.map((draft) => governor.permit(draft, { signal: ended.signal })));
  } finally {
    signal?.removeEventListener('abort', onAbort);
    ended.abort();
  }
}

/** @returns the arguments to use instead, where reviewers have changed them */
export async function permitCall(governor: Governor, facts: CallFacts, call: AskedCall, signal?: AbortSignal): Promise<Permit['args']> {
  const [permit] = await permitAll(governor, draftsOfCall(facts, call), signal);
  return permit?.args;
}
