/**
 * Does work that waits for nothing but timers, and lets their time pass at once: it is over in its time however slow the machine is. What it fetches
 * must be answered in this process, by a `fetch` of the test.
 */
export async function letTimePass<Result>(work: () => Promise<Result>): Promise<Result> {
  const { jest } = import.meta;
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  try {
    const state = { isOver: false };
    const result = work().finally(() => (state.isOver = true));
    result.catch(() => undefined);
    while (!state.isOver) {
      // What is under way comes to its next wait.
      await new Promise(setImmediate);
      await jest.advanceTimersToNextTimerAsync();
    }
    return await result;
  } finally {
    jest.useRealTimers();
  }
}
