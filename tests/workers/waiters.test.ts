import { createWaiters } from '../../workers/waiters.ts';

test('everybody who waits for a key gets the one outcome, and nothing is kept', async () => {
  const waiters = createWaiters<string>();
  const waiting = [waiters.wait('a'), waiters.wait('a'), waiters.wait('b')];
  expect(waiters.size).toBe(2);
  waiters.resolve('a', 'one');
  waiters.resolve('b', 'two');
  expect(await Promise.all(waiting)).toEqual(['one', 'one', 'two']);
  expect(waiters.size).toBe(0);
});

test('an outcome that nobody waits for is dropped, not kept for the next', async () => {
  const waiters = createWaiters<string>();
  waiters.resolve('a', 'early');
  waiters.reject('a', new Error('early'));
  const waiting = waiters.wait('a');
  waiters.resolve('a', 'late');
  waiters.resolve('a', 'later still');
  expect(await waiting).toBe('late');
});

test('a failure reaches those who wait and ends no process when nobody listens', async () => {
  const waiters = createWaiters<string>();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const waiting = waiters.wait('a');
  void waiters.wait('left');
  waiters.reject('a', new Error('away'));
  waiters.reject('left', new Error('away'));
  await expect(waiting).rejects.toThrow('away');
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('what was forgotten is not answered any more', async () => {
  const waiters = createWaiters<string>();
  const waiting = waiters.wait('a');
  waiters.forget('a');
  waiters.resolve('a', 'too late');
  expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 10, 'still waiting'))])).toBe('still waiting');
  expect(waiters.size).toBe(0);
});
