import { DecisionUnavailable } from '../governance-runtime.ts';

export interface AdmissionOptions {
  /** Requests worked on at once. */
  maxInFlight?: number;
  /** Requests waiting beyond this are refused whatever the estimate says. */
  maxQueued?: number;
  /** A request that would wait longer, by estimate, is refused at once. */
  maxWaitMs?: number;
  now?: () => number;
}

export interface Admission {
  /** Does the work when its turn has come. Throws {@link DecisionUnavailable} when the line is too long; leaves the line when the signal fires. */
  run<T>(signal: AbortSignal | null, work: () => Promise<T>): Promise<T>;
  readonly inFlight: number;
  readonly queued: number;
}

/** Weight of the newest service time in the moving average. */
const NEWEST_WEIGHT = 0.1;
const FIRST_ESTIMATE_MS = 10;

/**
 * A line with a known wait: an answer "later" now is worth more to an agent than a decision after its deadline. Nobody joins who
 * would wait longer than `maxWaitMs` by estimate, and nobody waits a fifth longer than that in fact.
 *
 * Places by Little's law: at the 75 decisions a second that two cores give, 24 are in work for 320 ms; with the wait that is well
 * within a second. Fewer leave the servers idle between steps, more make each decision slow and uneven.
 */
export function createAdmission({ maxInFlight = 24, maxQueued = 256, maxWaitMs = 250, now = () => performance.now() }: AdmissionOptions = {}): Admission {
  const line = new Set<() => void>();
  let inFlight = 0;
  let serviceMs = FIRST_ESTIMATE_MS;

  const enter = (signal: AbortSignal | null): Promise<void> | undefined => {
    if (inFlight < maxInFlight) {
      inFlight += 1;
      return undefined;
    }
    const waitMs = ((line.size + 1) / maxInFlight) * serviceMs;
    if (line.size >= maxQueued || waitMs > maxWaitMs)
      throw new DecisionUnavailable('too many decisions are waiting', { retryAfterMs: Math.max(1_000, waitMs) });
    return new Promise((resolve, reject) => {
      const leaveFor = (reason: DecisionUnavailable): void => {
        leaveLine();
        reject(reason);
      };
      const onAbort = (): void => leaveFor(new DecisionUnavailable('the caller has left'));
      const timer = setTimeout(() => leaveFor(new DecisionUnavailable('too many decisions are waiting')), maxWaitMs * 1.2);
      const leaveLine = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        line.delete(start);
      };
      const start = (): void => {
        leaveLine();
        inFlight += 1;
        resolve();
      };
      line.add(start);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };

  return {
    async run(signal, work) {
      if (signal?.aborted === true) throw new DecisionUnavailable('the caller has left');
      await enter(signal);
      const startedAt = now();
      try {
        return await work();
      } finally {
        serviceMs += NEWEST_WEIGHT * (now() - startedAt - serviceMs);
        inFlight -= 1;
        for (const start of line) {
          start();
          break;
        }
      }
    },
    get inFlight() {
      return inFlight;
    },
    get queued() {
      return line.size;
    },
  };
}
