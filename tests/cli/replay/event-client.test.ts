import { createEventClient } from '../../../cli/replay/event-client.ts';

/** A port that only the system may serve, where it serves nothing: no other program is given it by chance. */
const NOBODY = 'http://127.0.0.1:2';
const event = { id: 'e1', agentId: 'a', action: 'act' };

test('an API that nobody serves is gone, and the address is named', async () => {
  const post = createEventClient({ apiUrl: NOBODY, apiKey: 'k' });
  expect(await post(event)).toEqual({ kind: 'gone', detail: `cannot reach ${NOBODY}: ECONNREFUSED` });
});

test('a stop ends the wait for another try', async () => {
  const post = createEventClient({ apiUrl: NOBODY, apiKey: 'k', signal: AbortSignal.abort() });
  expect(await post(event)).toEqual({ kind: 'stopped' });
});
