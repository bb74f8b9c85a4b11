import { setTimeout as sleep } from 'node:timers/promises';

export interface Watch {
  /** Ends after the round that is under way, which is asked to end early. */
  stop: () => Promise<void>;
}

export interface WatchOptions {
  /** Between the end of a round and the next. */
  everyMs: number;
  /** A round that fails is told of; the next one comes all the same. */
  onError: (error: unknown) => void;
}

/** Looks again and again, until it is stopped. */
export function watch(round: (signal: AbortSignal) => Promise<void>, { everyMs, onError }: WatchOptions): Watch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    while (!signal.aborted) {
      await round(signal).catch(onError);
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
