import type { EventDraft } from '../decision.ts';
import type { Governor, PermitOptions } from '../governor.ts';
import type { Permit } from '../permit.ts';

/**
 * Asks about all of them side by side; with the first that may not be done, the others are no longer waited for.
 * @throws MastGuardBlockedError, or the signal's reason
 */
export const permitAll = (governor: Governor, drafts: readonly EventDraft[], signal?: AbortSignal): Promise<Permit[]> =>
  permitEach(drafts, (draft, options) => governor.permit(draft, options), signal);

/** The same for what has been decided: waits for the reviewers where there are any. */
export const settleAll = (governor: Governor, decided: readonly Decided[], signal?: AbortSignal): Promise<Permit[]> =>
  permitEach(decided, (each, options) => governor.settle(each, options), signal);

type Decided = Awaited<ReturnType<Governor['decide']>>;

async function permitEach<Item>(
  items: readonly Item[],
  permit: (item: Item, options: PermitOptions) => Promise<Permit>,
  signal?: AbortSignal,
): Promise<Permit[]> {
  if (items.length === 1) return [await permit(items[0] as Item, { signal })];
  signal?.throwIfAborted();
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.all(items.map((item) => permit(item, { signal: ended.signal })));
  } finally {
    signal?.removeEventListener('abort', onAbort);
    ended.abort();
  }
}
