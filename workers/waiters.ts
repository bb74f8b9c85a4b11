export interface Waiters<Outcome> {
  /** The outcome of this key, shared by everyone who waits for it in this process. */
  wait: (key: string) => Promise<Outcome>;
  resolve: (key: string, outcome: Outcome) => void;
  reject: (key: string, error: Error) => void;
  /** Gives up waiting, for whoever started to. */
  forget: (key: string) => void;
  readonly size: number;
}

interface Waiter<Outcome> {
  promise: Promise<Outcome>;
  resolve: (outcome: Outcome) => void;
  reject: (error: Error) => void;
}

/** Hands outcomes from activities to the requests that wait for them in the same process. */
export function createWaiters<Outcome>(): Waiters<Outcome> {
  const waiters = new Map<string, Waiter<Outcome>>();
  const take = (key: string): Waiter<Outcome> | undefined => {
    const waiter = waiters.get(key);
    waiters.delete(key);
    return waiter;
  };
  return {
    wait(key) {
      const known = waiters.get(key);
      if (known !== undefined) return known.promise;
      const waiter = {} as Waiter<Outcome>;
      waiter.promise = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject }));
      // The request may have left; its outcome is recorded all the same.
      waiter.promise.catch(() => undefined);
      waiters.set(key, waiter);
      return waiter.promise;
    },
    resolve: (key, outcome) => take(key)?.resolve(outcome),
    reject: (key, error) => take(key)?.reject(error),
    forget: (key) => void waiters.delete(key),
    get size() {
      return waiters.size;
    },
  };
}
