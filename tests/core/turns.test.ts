import { createTurns } from '../../core/turns.ts';

const holdFor = (ms: number): void => {
  const endsMs = performance.now() + ms;
  while (performance.now() < endsMs);
};

test('whoever waits for the event loop comes between the steps of long work, and short work is not held up', async () => {
  const turns = createTurns();
  expect(turns.next()).toBeUndefined();
  let seen = 0;
  const others = setInterval(() => (seen += 1), 1);
  for (let step = 0; step < 5; step += 1) {
    holdFor(6);
    await turns.next();
  }
  clearInterval(others);
  expect(seen).toBeGreaterThanOrEqual(3);
  expect(turns.next()).toBeUndefined();
});
