/** Others that wait for the event loop wait this long at most. */
const TURN_MS = 5;

/**
 * For work that is long: `await turns.next()` between its steps lets others go on, those above all for whom somebody waits.
 * It costs nothing until the work has held the event loop for its turn.
 */
export function createTurns(): { next: () => Promise<void> | undefined } {
  let endsMs = performance.now() + TURN_MS;
  return {
    next() {
      if (performance.now() <= endsMs) return undefined;
      return new Promise((resolve) => {
        setImmediate(() => {
          endsMs = performance.now() + TURN_MS;
          resolve();
        });
      });
    },
  };
}
