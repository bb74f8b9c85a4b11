import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express from 'express';
import { sendEventStream } from '../../api/event-stream.ts';
import type { StreamEvent } from '../../schemas/route.ts';
import { readEvents } from '../support/event-stream.ts';
import { until } from '../support/until.ts';

let server: Server;
let url: string;
let permitted = true;
/** What each stream came to, in the order in which they ended. */
const ends: { sent: number; cut: boolean }[] = [];
/** Of each event's data, in characters, and how many there are; after them the stream stays open until it is cut. */
const shape = { size: 10, count: 3 };

beforeAll(async () => {
  const app = express();
  app.get('/', async (_req, res) => {
    const cut = new AbortController();
    res.once('close', () => cut.abort());
    const end = { sent: 0, cut: false };
    async function* produce(): AsyncGenerator<StreamEvent> {
      try {
        for (; end.sent < shape.count && !cut.signal.aborted; end.sent += 1) yield { event: 'review', id: String(end.sent), data: 'x'.repeat(shape.size) };
        if (!cut.signal.aborted) await once(cut.signal, 'abort');
      } finally {
        end.cut = cut.signal.aborted;
        ends.push(end);
      }
    }
    const events = produce();
    await sendEventStream({
      res,
      first: await events.next(),
      events,
      cut,
      stillPermitted: () => (permitted ? Promise.resolve() : Promise.reject(new Error('revoked'))),
      heartbeatMs: 50,
      drainMs: 200,
    });
  });
  server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  permitted = true;
  Object.assign(shape, { size: 10, count: 3 });
  ends.length = 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const ended = (): Promise<unknown> => until(() => ends.length > 0);

it('sends events and, while there are none, a comment now and then', async () => {
  const reader = await readEvents(url);
  await reader.atLeast(3);
  await until(() => reader.comments >= 3);
  expect(reader.events).toEqual([0, 1, 2].map((id) => ({ event: 'review', id: String(id), data: 'xxxxxxxxxx' })));
  await reader.close();
  await ended();
});

it('ends when its reader may not read any more', async () => {
  const reader = await readEvents(url);
  await reader.atLeast(3);
  permitted = false;
  await reader.ended;
  await ended();
  expect(ends).toEqual([{ sent: 3, cut: true }]);
});

it('cuts a reader who takes nothing, and has not produced what nobody reads', async () => {
  Object.assign(shape, { size: 100_000, count: 10_000 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.pause();
  socket.on('error', () => undefined);
  await ended();
  expect(ends).toEqual([{ sent: expect.any(Number), cut: true }]);
  expect(ends[0]?.sent).toBeLessThan(500);
  socket.destroy();
});
