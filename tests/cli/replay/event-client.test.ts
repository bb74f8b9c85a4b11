import { createEventClient } from '../../../cli/replay/event-client.ts';

const event = { id: 'e1', agentId: 'a', action: 'act' };

test('an API that nobody serves is gone, and the address is named', async () => {
  const post = createEventClient({ apiUrl: 'http://127.0.0.1:1/', apiKey: 'k' });
  const outcome = await post(event);
  expect(outcome).toEqual({ kind: 'gone', detail: expect.stringMatching(/^cannot reach http:\/\/127\.0\.0\.1:1\/: \S/) });
});

test('a stop ends the wait for another try', async () => {
  const post = createEventClient({ apiUrl: 'http://127.0.0.1:1', apiKey: 'k', signal: AbortSignal.abort() });
  expect(await post(event)).toEqual({ kind: 'stopped' });
});
