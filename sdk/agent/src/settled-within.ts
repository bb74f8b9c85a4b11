import { sleep } from '../../compliance/src/sleep.ts';

/** Resolves when all of them have ended, however they did, or the time is over. */
export async function settledWithin(work: Iterable<Promise<unknown>>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([Promise.allSettled(work), sleep(ms, over.signal)]).finally(() => over.abort());
}
