import { createServer } from 'node:net';
import { inLane } from '../support/port-lane.ts';

// The scripts are plain JavaScript without declarations; a variable keeps the compiler from looking for them.
const source: string = '../../scripts/lib/ports.mjs';
const {
  nextFreePort,
  portSetting,
}: {
  readonly nextFreePort: (wanted: number) => Promise<number>;
  readonly portSetting: (text: string | undefined, fallback: number) => number;
} = await import(source);

async function listen(port: number) {
  const server = createServer();
  await new Promise<void>((settle, reject) => server.once('error', reject).listen(port, '127.0.0.1', settle));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return { port: address.port, close: () => new Promise((settle) => server.close(settle)) };
}

/** On the first free one: not among those that systems give to whoever asks for any, where the port above may be anybody's in no time. */
async function listenFrom(port: number): ReturnType<typeof listen> {
  return listen(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return listenFrom(port + 1);
  });
}

test('a taken port gives a higher one that can be listened on', async () => {
  const taken = await listenFrom(inLane(29_000));
  const port = await nextFreePort(taken.port);
  expect(port).toBeGreaterThan(taken.port);
  const mine = await listen(port);
  expect(mine.port).toBe(port);
  await mine.close();
  await taken.close();
});

test('the same port is never promised twice', async () => {
  const first = await nextFreePort(24_100);
  expect(await nextFreePort(first)).not.toBe(first);
});

test('a setting that is no port is refused and an absent one is the default', () => {
  expect(portSetting(undefined, 8787)).toBe(8787);
  expect(portSetting('', 8787)).toBe(8787);
  expect(portSetting('9000', 8787)).toBe(9000);
  for (const text of ['abc', '0', '65536', '80.5', '-1']) expect(() => portSetting(text, 8787)).toThrow('not a port');
});
