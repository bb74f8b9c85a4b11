import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createEventClient } from '../../../cli/replay/event-client.ts';

const event = { id: 'e1', agentId: 'a', action: 'act' };

test('an API that nobody serves is gone, and the address is named', async () => {
  const apiUrl = `http://127.0.0.1:${await freePort()}`;
  const post = createEventClient({ apiUrl, apiKey: 'k' });
  expect(await post(event)).toEqual({ kind: 'gone', detail: `cannot reach ${apiUrl}: ECONNREFUSED` });
});

test('a stop ends the wait for another try', async () => {
  const post = createEventClient({ apiUrl: `http://127.0.0.1:${await freePort()}`, apiKey: 'k', signal: AbortSignal.abort() });
  expect(await post(event)).toEqual({ kind: 'stopped' });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
