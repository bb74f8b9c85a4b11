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

  test('a task of several keys waits for every task before it that has one of them, and holds all of them up until it has ended', async () => {
    const queue = createKeyedQueue();
    const order: string[] = [];
    const [a, both] = [gate(), gate()];
    const first = queue('a', () => a.passed);
    const second = queue(['a', 'b'], async () => {
      order.push('both');
      await both.passed;
    });
    const third = queue('b', async () => void order.push('b'));
    const fourth = queue(['b', 'a'], async () => void order.push('both again'));
    await turn();
    expect(order).toEqual([]);
    a.open();
    await first;
    await turn();
    expect(order).toEqual(['both']);
    both.open();
    await Promise.all([second, third, fourth]);
    expect(order).toEqual(['both', 'b', 'both again']);
  });

  test('a task without a key waits for nobody', async () => {
    const queue = createKeyedQueue();
    const held = gate();
    const waiting = queue('a', () => held.passed);
    expect(await queue([], async () => 'done')).toBe('done');
    held.open();
    await waiting;
  });
});
