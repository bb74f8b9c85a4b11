import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, PeerWorker, Verb } from './worker.ts';

export interface PeerClient {
  /** Calls for every thread, a few at a time, until each was answered; `incidents` happen once that many were. */
  deliver: (verb: Verb, threads: readonly string[], incidents?: readonly Incident[]) => Promise<Map<string, Answer & { retried: boolean }>>;
  /** SIGKILL, and another process in its place. */
  killWorker: () => Promise<void>;
  /** How often the program ended although nobody had killed it. */
  crashes: () => number;
  close: () => Promise<void>;
}

export interface Incident {
  afterAnswers: number;
  happen: () => Promise<void>;
}

const LANES = 8;
const GIVE_UP_AFTER_MS = 120_000;
const BETWEEN_TRIES_MS = 50;
const BETWEEN_STARTS_MS = 500;

/** A client as it has to be when programs may die: what was not acknowledged is asked again, and said to be asked again. */
export async function openPeerClient(start: () => Promise<PeerWorker>): Promise<PeerClient> {
  let current = start();
  let crashCount = 0;
  await current;

  /** The database may be away at the very moment. */
  const startAgain = async (): Promise<PeerWorker> => {
    const deadlineMs = Date.now() + GIVE_UP_AFTER_MS;
    for (;;) {
      try {
        return await start();
      } catch (error) {
        if (Date.now() > deadlineMs) throw error;
        await sleep(BETWEEN_STARTS_MS);
      }
    }
  };
  const killWorker = async (): Promise<void> => {
    current = current.then(async (worker) => {
      await worker.kill();
      return startAgain();
    });
    await current;
  };
  const living = async (): Promise<PeerWorker> => {
    const seen = current;
    const worker = await seen;
    if (worker.alive()) return worker;
    // Several callers notice the same death; the first one sees to it.
    if (seen === current) {
      crashCount += 1;
      current = startAgain();
    }
    return living();
  };

  const insist = async (verb: Verb, thread: string): Promise<Answer & { retried: boolean }> => {
    const deadlineMs = Date.now() + GIVE_UP_AFTER_MS;
    for (let retried = false; ; retried = true) {
      const worker = await living();
      try {
        return { ...(await worker.call(verb, thread, retried)), retried };
      } catch (cause) {
        if (Date.now() > deadlineMs) throw new Error(`${verb} ${thread} was never answered`, { cause });
        await sleep(BETWEEN_TRIES_MS);
      }
    }
  };

  return {
    async deliver(verb, threads, incidents = []) {
      const answers = new Map<string, Answer & { retried: boolean }>();
      const due = incidents.toSorted((a, b) => a.afterAnswers - b.afterAnswers);
      let happening = Promise.resolve();
      const queue = [...threads];
      const lane = async (): Promise<void> => {
        for (let thread = queue.shift(); thread !== undefined; thread = queue.shift()) {
          answers.set(thread, await insist(verb, thread));
          for (let next = due[0]; next !== undefined && answers.size >= next.afterAnswers; next = due[0]) {
            const { happen } = next;
            due.shift();
            happening = happening.then(happen);
            // Reported below; until then Node must not take it for forgotten.
            happening.catch(() => undefined);
          }
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
      await happening;
      const failed = lanes.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return answers;
    },
    killWorker,
    crashes: () => crashCount,
    async close() {
      const worker = await current.catch(() => undefined);
      await worker?.kill();
    },
  };
}
