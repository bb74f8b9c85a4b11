import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedTraces {
  headers: IncomingHttpHeaders;
  /** As it came. */
  text: string;
}

export interface TraceCollector {
  url: string;
  requests: ReceivedTraces[];
  /** What the next requests are answered with, one each; 200 behind them. */
  answers: { status: number; retryAfter?: string }[];
  /** Resolves when that many requests have come. */
  received: (count: number) => Promise<void>;
  close: () => Promise<void>;
}

/** Takes traces over HTTP and keeps them. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const requests: ReceivedTraces[] = [];
  const answers: TraceCollector['answers'] = [];
  let wake = (): void => undefined;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      requests.push({ headers: req.headers, text: Buffer.concat(chunks).toString() });
      const { status, retryAfter } = answers.shift() ?? { status: 200 };
      res.writeHead(status, { 'content-type': 'application/json', ...(retryAfter !== undefined && { 'retry-after': retryAfter }) }).end('{}');
      wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    requests,
    answers,
    async received(count) {
      while (requests.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
