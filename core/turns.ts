/** Others that wait for the event loop wait this long at most. */
const TURN_MS = 5;

/**
 * For work that is long: `await turns.next()` between its steps lets others go on, those above all for whom somebody waits.
 * It costs nothing until the work has held the event loop for its turn.
 *
 * @param nowMs a clock in milliseconds that never goes back
 */
export function createTurns(nowMs: () => number = () => performance.now()): { next: () => Promise<void> | undefined } {
  let endsMs = nowMs() + TURN_MS;
  return {
    next() {
      if (nowMs() <= endsMs) return undefined;
      return new Promise((resolve) => {
        setImmediate(() => {
          endsMs = nowMs() + TURN_MS;
          resolve();
        });
      });
    },
  };
}
