import { createTurns } from '../../core/turns.ts';

const clock = { ms: 0 };
const createTestTurns = () => createTurns(() => clock.ms);

test('whoever waits for the event loop comes between the steps of long work', async () => {
  const turns = createTestTurns();
  const order: string[] = [];
  for (const step of ['first', 'second']) {
    clock.ms += 6;
    setImmediate(() => order.push('other'));
    await turns.next();
    order.push(step);
  }
  expect(order).toEqual(['other', 'first', 'other', 'second']);
});

test('short work is not held up, and a turn begins anew after others had theirs', async () => {
  const turns = createTestTurns();
  expect(turns.next()).toBeUndefined();
  clock.ms += 5;
  expect(turns.next()).toBeUndefined();
  clock.ms += 1;
  await turns.next();
  clock.ms += 5;
  expect(turns.next()).toBeUndefined();
});
