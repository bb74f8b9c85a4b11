import { inParallel } from '../../core/in-parallel.ts';

test('so many at a time, in order, each once', async () => {
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    begun.push(item);
    most = Math.max(most, (underWay += 1));
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  });
  expect([begun, most, underWay]).toEqual([[1, 2, 3, 4, 5, 6, 7], 3, 0]);
});

test('after a failure nothing further is begun, and what is under way has ended when it is thrown', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const working = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('the first');
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(item);
    if (item === 2) throw new Error('the second');
  });
  await expect(working).rejects.toThrow('the first');
  expect([begun, ended]).toEqual([[1, 2], [2]]);
});
