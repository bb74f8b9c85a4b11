import { noteAsk, takeBackAsk } from '../../../core/detection/asks.ts';
import { openSession } from '../../../core/detection/session-state.ts';

test('an ask that did not come to be is taken back, and no other', () => {
  const asked = noteAsk(noteAsk(openSession(0), 1), 2);
  expect(asked?.asks).toEqual([1, 2]);
  expect(takeBackAsk(asked, 2)?.asks).toEqual([1]);
  expect(takeBackAsk(asked, 3)).toBe(asked);
  expect(takeBackAsk(openSession(0), 0)).toEqual(openSession(0));
});

test('an event without a session asks without one', () => {
  expect([noteAsk(null, 1), takeBackAsk(null, 1)]).toEqual([null, null]);
});
