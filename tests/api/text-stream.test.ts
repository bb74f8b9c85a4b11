import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { sendTextStream } from '../../api/text-stream.ts';
import { until } from '../support/until.ts';

let server: Server;
let url: string;
let permitted = true;
/** How the stream is made, and what became of it. */
const shape = { chunks: 3, bytes: 10, drainMs: 60_000, failAt: -1 };
let made = 0;
let returned = 0;
let gone: AbortController | undefined;

async function* produce(): AsyncGenerator<string> {
  try {
    for (made = 0; made < shape.chunks;) {
      if (made === shape.failAt) throw new Error('the database is away');
      made += 1;
      yield `${'x'.repeat(shape.bytes - 1)}\n`;
    }
  } finally {
    returned += 1;
  }
}

beforeAll(async () => {
  const app = express();
  app.get('/', async (_req, res) => {
    const cut = new AbortController();
    gone = new AbortController();
    res.once('close', () => gone?.abort());
    const chunks = produce();
    await sendTextStream({
      res,
      contentType: 'application/x-ndjson',
      first: await chunks.next(),
      chunks,
      signal: AbortSignal.any([gone.signal, cut.signal]),
      cut,
      stillPermitted: () => (permitted ? Promise.resolve() : Promise.reject(new Error('revoked'))),
      permittedEveryMs: 20,
      drainMs: shape.drainMs,
    }).catch(() => undefined);
  });
  server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  permitted = true;
  returned = 0;
  Object.assign(shape, { chunks: 3, bytes: 10, drainMs: 60_000, failAt: -1 });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A reader that takes nothing until it is told to. */
function openReader() {
  const req = request(url);
  req.end();
  return once(req, 'response').then(([res]) => ({ req, res: res as IncomingMessage }));
}

test('sends every chunk and ends in order', async () => {
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  expect(await response.text()).toBe('xxxxxxxxx\n'.repeat(3));
  expect(returned).toBe(1);
});

test('the headers alone are whole', async () => {
  const response = await fetch(url, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test('makes no chunk before the reader has taken what was made: a slow one costs no memory', async () => {
  Object.assign(shape, { chunks: 10_000, bytes: 100_000 });
  const { req, res } = await openReader();
  // What the sockets of both sides hold, and no more.
  let before = -1;
  await until(async () => {
    const stands = made === before;
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return stands && made > 0;
  });
  expect(made).toBeLessThan(500);
  const stood = made;
  res.resume();
  await until(async () => made > stood + 100);
  req.destroy();
  await until(async () => returned === 1);
});

test('a reader who takes nothing is cut, and sees that something is missing', async () => {
  Object.assign(shape, { chunks: 10_000, bytes: 100_000, drainMs: 50 });
  const { res } = await openReader();
  await until(async () => returned === 1);
  res.resume();
  await expect(once(res, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a fault half-way breaks the connection off: a part is never taken for the whole', async () => {
  shape.failAt = 2;
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow(/terminated|fetch failed/);
  expect(returned).toBe(1);
});

test('a stop of the server breaks it off too, although nothing more would have come', async () => {
  Object.assign(shape, { chunks: 10_000, bytes: 100_000 });
  const { res } = await openReader();
  gone?.abort();
  await until(async () => returned === 1);
  res.resume();
  await expect(once(res, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('whoever may not read on is cut', async () => {
  Object.assign(shape, { chunks: 10_000, bytes: 100_000 });
  const { res } = await openReader();
  permitted = false;
  await until(async () => returned === 1);
  res.resume();
  await expect(once(res, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
});
