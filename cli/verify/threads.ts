import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createTaskRunner } from './block-task.ts';
import type { BlockTask } from './block-task.ts';

export interface Threads {
  readonly count: number;
  /** The answer of `runBlockTask`. Tasks begin in the order in which they are given. */
  run<T>(task: BlockTask): Promise<T>;
  stop(): Promise<void>;
}

interface Job {
  task: BlockTask;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

const MAX_THREADS = 8;
const THREAD = new URL('./block-thread.js', import.meta.url);

/** One a core: the main thread mostly waits for them. None from the sources, which threads cannot load. */
export const threadCount = (): number => (import.meta.filename.endsWith('.js') ? Math.min(MAX_THREADS, availableParallelism()) : 0);

export function startThreads(count: number): Threads {
  const waiting: Job[] = [];
  let failure: Error | undefined;
  const slots = Array.from({ length: count }, () => ({ worker: new Worker(THREAD), job: undefined as Job | undefined }));
  const dispatch = (): void => {
    for (const slot of slots) {
      if (slot.job !== undefined) continue;
      slot.job = waiting.shift();
      if (slot.job !== undefined) slot.worker.postMessage(slot.job.task);
    }
  };
  for (const slot of slots) {
    slot.worker.on('message', (answer: unknown) => {
      const { job } = slot;
      slot.job = undefined;
      dispatch();
      job?.resolve(answer);
    });
    slot.worker.on('error', (error) => {
      failure = error;
      slot.job?.reject(error);
      for (const { reject } of waiting.splice(0)) reject(error);
    });
  }

  return {
    count,
    run: <T>(task: BlockTask) =>
      new Promise<unknown>((resolve, reject) => {
        if (failure === undefined) waiting.push({ task, resolve, reject });
        else reject(failure);
        dispatch();
      }) as Promise<T>,
    async stop() {
      await Promise.all(slots.map(({ worker }) => worker.terminate()));
    },
  };
}

/** The same without threads, for what is too small for them. */
export function useMainThread(): Threads {
  const runner = createTaskRunner();
  return { count: 1, run: <T>(task: BlockTask) => runner.run(task) as Promise<T>, stop: () => runner.close() };
}
