import { createKeyedQueue } from '../../core/keyed-queue.ts';

const gate = (): { open: () => void; passed: Promise<void> } => {
  const waiting: (() => void)[] = [];
  const passed = new Promise<void>((resolve) => waiting.push(resolve));
  return { open: () => waiting.forEach((resolve) => resolve()), passed };
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createKeyedQueue', () => {
  test('tasks of one key run one after the other in the order they came', async () => {
    const queue = createKeyedQueue();
    const order: string[] = [];
    const first = gate();
    const one = queue('k', async () => {
      order.push('one begins');
      await first.passed;
      order.push('one ends');
      return 1;
    });
    const two = queue('k', async () => (order.push('two'), 2));
    await turn();
    expect(order).toEqual(['one begins']);
    first.open();
    expect(await Promise.all([one, two])).toEqual([1, 2]);
    expect(order).toEqual(['one begins', 'one ends', 'two']);
  });

  test('another key does not wait', async () => {
    const queue = createKeyedQueue();
    const held = gate();
    const waiting = queue('a', () => held.passed);
    expect(await queue('b', async () => 'done')).toBe('done');
    held.open();
    await waiting;
  });

  test('a task that fails tells its own caller only, and the next one runs', async () => {
    const queue = createKeyedQueue();
    const failing = queue('k', async () => {
      throw new Error('mine');
    });
    const next = queue('k', async () => 'ran');
    await expect(failing).rejects.toThrow('mine');
    expect(await next).toBe('ran');
  });

  test('a key used again after it was idle starts at once', async () => {
    const queue = createKeyedQueue();
    await queue('k', async () => undefined);
    await turn();
    let ran = false;
    void queue('k', async () => void (ran = true));
    await turn();
    expect(ran).toBe(true);
  });
});
