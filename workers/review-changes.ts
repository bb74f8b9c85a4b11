import type { Sql } from '../db/client.ts';
import { listen } from '../db/listen.ts';

export interface ReviewChanges {
  /** Resolves at the next change of the review, when the time is over, or when the signal fires. */
  next: (orgId: string, reviewId: string, options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>;
  /** The same for any review of the organisation. */
  nextOfQueue: (orgId: string, options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>;
  close: () => Promise<void>;
}

/** Wakes long polls and feeds by `NOTIFY`: one listening connection per process, no polling however many wait. */
export function listenForReviewChanges(sql: Sql, onError: (error: unknown) => void): ReviewChanges {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (key: string): void => {
    for (const resolve of waiting.get(key) ?? []) resolve();
  };
  // After a lost connection changes may have been missed: everybody looks again.
  const wakeAll = (): void => {
    for (const key of waiting.keys()) wake(key);
  };
  const onNotice = (payload: string): void => {
    const [orgId = '', reviewId = ''] = payload.split(' ');
    wake(`${orgId}/${reviewId}`);
    wake(orgId);
  };
  const listener = listen(sql, { channel: 'mg_review', onNotice, onConnect: wakeAll, onError });

  const nextOf: ReviewChanges['nextOfQueue'] = (key, { timeoutMs, signal }) =>
    new Promise((resolve) => {
      const waiters = waiting.get(key) ?? new Set();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        waiters.delete(done);
        if (waiters.size === 0) waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done, { once: true });
      waiting.set(key, waiters.add(done));
      if (signal.aborted) done();
    });

  return {
    next: (orgId, reviewId, options) => nextOf(`${orgId}/${reviewId}`, options),
    nextOfQueue: nextOf,
    async close() {
      wakeAll();
      await listener.stop();
    },
  };
}
