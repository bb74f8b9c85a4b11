export type KeyedQueue = <T>(keys: string | readonly string[], task: () => Promise<T>) => Promise<T>;

/**
 * Runs tasks that share a key one after the other, in the order they came; tasks of different keys run side by side. A task of several keys
 * takes its place in all of their lines at once, so no two can wait for each other.
 */
export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return <T>(keys: string | readonly string[], task: () => Promise<T>): Promise<T> => {
    const lines = typeof keys === 'string' ? [keys] : keys;
    // A tail never fails: whoever waits for one wants to know that it is over, not how.
    const before = lines.flatMap((key) => tails.get(key) ?? []);
    const current = Promise.all(before).then(task);
    const tail: Promise<unknown> = current
      .catch(() => undefined)
      .finally(() => {
        for (const key of lines) if (tails.get(key) === tail) tails.delete(key);
      });
    for (const key of lines) tails.set(key, tail);
    return current;
  };
}
