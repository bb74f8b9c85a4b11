/** A timer that is set for longer fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs with a signal that fires with `late` when the time is over, and with the reason of the caller's when that fires.
 * Longer than a timer can be set for is without end.
 */
export async function within<Result>(
  ms: number,
  { signal, late }: { signal: AbortSignal | undefined; late: Error },
  run: (ended: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  // `AbortSignal.any` is not there on Node 18.
  const ended = new AbortController();
  const onAbort = (): void => ended.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = ms > MAX_TIMER_MS ? undefined : setTimeout(() => ended.abort(late), ms);
  try {
    return await run(ended.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
