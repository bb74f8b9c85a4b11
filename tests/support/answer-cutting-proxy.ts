import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface AnswerCuttingProxy {
  /** The given database URL, through the proxy. */
  url: string;
  /** How many answers have been cut. */
  readonly cuts: number;
  close: () => Promise<void>;
}

/** ReadyForQuery outside a transaction: whatever the statement did is committed. */
const COMMITTED = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/**
 * A proxy before PostgreSQL that cuts connections between commit and answer: where a client has sent `marker` and the server has finished,
 * the answer is thrown away and the connection closed, `times` times.
 */
export async function startAnswerCuttingProxy(databaseUrl: string, { marker, times }: { marker: string; times: number }): Promise<AnswerCuttingProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let doomedSoFar = 0;
  let cuts = 0;

  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname);
    let doomed = false;
    let tail = Buffer.alloc(0);
    for (const socket of [client, upstream]) {
      open.add(socket);
      // A cut is what this is for.
      socket.on('error', () => undefined);
    }
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      open.delete(client);
      open.delete(upstream);
    };
    client.on('data', (data) => {
      if (!doomed && doomedSoFar < times && data.includes(marker)) {
        doomed = true;
        doomedSoFar += 1;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!doomed) {
        client.write(data);
        return;
      }
      tail = Buffer.concat([tail, data]).subarray(-COMMITTED.length);
      if (!tail.equals(COMMITTED)) return;
      cuts += 1;
      end();
    });
    client.on('close', end);
    upstream.on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: url.href,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
