import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { listenInLane } from './port-lane.ts';

export interface PausableProxy {
  /** The given database URL, through the proxy. */
  url: string;
  /** Breaks every connection and refuses new ones: the server is away. */
  cut: () => void;
  /** Breaks every connection, accepts new ones and closes them at once, as a load balancer without a server behind it does. */
  drop: () => void;
  /** Passes nothing on and closes nothing: the network swallows packets. */
  hold: () => void;
  restore: () => void;
  close: () => Promise<void>;
}

/** A proxy before PostgreSQL that takes the database away and gives it back. */
export async function startPausableProxy(databaseUrl: string): Promise<PausableProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let state: 'open' | 'cut' | 'dropped' | 'held' = 'open';

  const server = createServer((client) => {
    if (state === 'dropped') {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port || 5432), target.hostname);
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        open.delete(socket);
      }
    };
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (data) => to.write(data));
      // A cut is what this is for.
      from.on('error', () => undefined);
      from.on('close', end);
      if (state === 'held') from.pause();
    }
  });
  const port = await listenInLane(server);
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const breakAll = (): void => {
    for (const socket of open) socket.destroy();
  };

  return {
    url: url.href,
    cut() {
      state = 'cut';
      server.close();
      breakAll();
    },
    drop() {
      state = 'dropped';
      breakAll();
    },
    hold() {
      state = 'held';
      for (const socket of open) socket.pause();
    },
    restore() {
      if (state === 'cut') server.listen(port, '127.0.0.1');
      state = 'open';
      for (const socket of open) socket.resume();
    },
    async close() {
      breakAll();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
