import { isDatabaseAway } from './errors.ts';

export interface CoalescerOptions<Item, Result> {
  /** Writes a batch in one statement and answers one result per item, in order. */
  flush: (items: Item[]) => Promise<Result[]>;
  /** Most items in one batch. */
  maxBatch?: number;
  /** Batches under way at once. */
  lanes?: number;
  /** Items waiting beyond this are refused. */
  maxQueued?: number;
}

export interface Coalescer<Item, Result> {
  (item: Item): Promise<Result>;
  /** Waits for everything accepted so far. */
  drain: () => Promise<void>;
}

export class CoalescerFull extends Error {
  readonly code = 'ledger-queue-full';
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit: whatever arrives while a batch is being written goes into the next one. No delay is added; the running flush is the delay.
 * A batch that the database refuses is halved until the one bad item is alone, so that it cannot block other tenants.
 */
export function createCoalescer<Item, Result>({
  flush,
  maxBatch = 256,
  lanes = 2,
  maxQueued = 4_096,
}: CoalescerOptions<Item, Result>): Coalescer<Item, Result> {
  const queue: Waiting<Item, Result>[] = [];
  const idle: (() => void)[] = [];
  let running = 0;

  const pump = (): void => {
    while (running < lanes && queue.length > 0) {
      running += 1;
      void write(queue.splice(0, maxBatch)).finally(() => {
        running -= 1;
        pump();
        if (running === 0 && queue.length === 0) for (const wake of idle.splice(0)) wake();
      });
    }
  };

  const write = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await flush(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`flush answered ${results.length} results for ${batch.length} items`);
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (batch.length === 1 || isDatabaseAway(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = batch.length >> 1;
      await write(batch.slice(0, middle));
      await write(batch.slice(middle));
    }
  };

  const enqueue = (item: Item): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (queue.length >= maxQueued) {
        reject(new CoalescerFull('too many records wait to be written'));
        return;
      }
      queue.push({ item, resolve, reject });
      // A microtask later, so that items of one turn of the event loop share a batch.
      queueMicrotask(pump);
    });

  const drain = (): Promise<void> => (running === 0 && queue.length === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)));

  return Object.assign(enqueue, { drain });
}
