import { readLine } from '../../../cli/replay/read-line.ts';
import { UnreadableLine } from '../../../cli/replay/recorded-session.ts';

const event = { agentId: 'a', action: 'act', sessionId: 's1' };
const mastguard = JSON.stringify(event);
const sessions = JSON.stringify({ session: 's1', label: 0, events: [event] });
const chat = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] });

test('auto takes the format that the line fits', () => {
  expect(readLine(mastguard, 'auto')).toEqual({ session: 's1', events: [event] });
  expect(readLine(sessions, 'auto')).toEqual({ session: 's1', events: [event] });
  expect(readLine(chat, 'auto')).toEqual({ session: null, events: [{ agentId: 'recorded-agent', action: 'user_message', channel: 'user', content: 'hello' }] });
});

test('a named format refuses lines of another', () => {
  expect(() => readLine(chat, 'sessions')).toThrow(new UnreadableLine('is not of the format sessions'));
  expect(() => readLine(sessions, 'mastguard')).toThrow('is not of the format mastguard');
});

test('what is no JSON object, or no format of ours, is unreadable', () => {
  for (const text of ['', '{', '[]', 'null', '1', '"text"', '{}', '{"agentId":"a"}']) expect(() => readLine(text, 'auto')).toThrow(UnreadableLine);
});

test('an event that the API would refuse makes its line unreadable and is named', () => {
  expect(() => readLine(JSON.stringify({ session: 's', events: [event, { ...event, agentId: 'with space' }] }), 'auto')).toThrow(/^events\[1\]: agentId: /);
  expect(() => readLine(JSON.stringify({ ...event, unknown: 1 }), 'mastguard')).toThrow(/unknown/i);
  expect(() => readLine(JSON.stringify({ events: [event] }), 'sessions')).toThrow('session: must name the session');
});
