import { CoalescerFull, createCoalescer } from '../../db/coalescer.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A flush that waits to be told, one batch at a time. */
function heldFlush() {
  const held: { batch: number[]; answer: () => void; refuse: (error: unknown) => void }[] = [];
  const flush = (batch: number[]): Promise<string[]> =>
    new Promise((resolve, reject) => held.push({ batch, answer: () => resolve(batch.map((item) => `r${item}`)), refuse: reject }));
  return { held, flush };
}

describe('createCoalescer', () => {
  test('items of one turn share a batch, and each caller gets its own result', async () => {
    const batches: number[][] = [];
    const write = createCoalescer<number, number>({ flush: async (items) => (batches.push(items), items.map((item) => item * 2)) });
    expect(await Promise.all([1, 2, 3].map(write))).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  test('what arrives while every lane is busy goes together into the next batch, no larger than allowed', async () => {
    const { held, flush } = heldFlush();
    const write = createCoalescer<number, string>({ flush, lanes: 2, maxBatch: 3 });
    const first = write(1);
    await turn();
    const second = write(2);
    await turn();
    const rest = [3, 4, 5, 6].map(write);
    await turn();
    expect(held.map(({ batch }) => batch)).toEqual([[1], [2]]);
    held[0]?.answer();
    await turn();
    expect(held.map(({ batch }) => batch)).toEqual([[1], [2], [3, 4, 5]]);
    held[1]?.answer();
    await turn();
    expect(held.map(({ batch }) => batch)).toEqual([[1], [2], [3, 4, 5], [6]]);
    held[2]?.answer();
    held[3]?.answer();
    expect(await Promise.all([first, second, ...rest])).toEqual(['r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
  });

  test('a refused batch is halved until the one bad item is alone; its neighbours are written once, in order', async () => {
    const written: number[] = [];
    const flush = async (items: number[]): Promise<number[]> => {
      if (items.includes(5)) throw Object.assign(new Error('duplicate'), { code: '23505' });
      written.push(...items);
      return items;
    };
    const write = createCoalescer<number, number>({ flush });
    const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map(write));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(written).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });

  test('an absent database refuses the batch at once, without one attempt per item', async () => {
    let flushes = 0;
    const write = createCoalescer<number, number>({
      flush: async () => {
        flushes += 1;
        throw Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' });
      },
    });
    const results = await Promise.allSettled([1, 2, 3, 4].map(write));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(flushes).toBe(1);
  });

  test('a flush that answers too few results refuses instead of mixing them up', async () => {
    const write = createCoalescer<number, number>({ flush: async () => [] });
    await expect(write(1)).rejects.toThrow('0 results for 1 items');
  });

  test('items beyond the bound are refused, those within it are written', async () => {
    const { held, flush } = heldFlush();
    const write = createCoalescer<number, string>({ flush, lanes: 1, maxQueued: 2 });
    const first = write(1);
    await turn();
    const second = write(2);
    const third = write(3);
    await expect(write(4)).rejects.toThrow(CoalescerFull);
    held[0]?.answer();
    await turn();
    held[1]?.answer();
    expect(await Promise.all([first, second, third])).toEqual(['r1', 'r2', 'r3']);
  });

  test('drain waits for what was accepted, and for nothing when idle', async () => {
    const { held, flush } = heldFlush();
    const write = createCoalescer<number, string>({ flush });
    await write.drain();
    const order: string[] = [];
    const result = write(1).then(() => order.push('written'));
    const drained = write.drain().then(() => order.push('drained'));
    await turn();
    expect(order).toEqual([]);
    held[0]?.answer();
    await Promise.all([result, drained]);
    expect(order).toEqual(['written', 'drained']);
  });
});
