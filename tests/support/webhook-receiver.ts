import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listenInLane } from './port-lane.ts';

export interface ReceivedCall {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

type PreparedAnswer = number | { status: number; headers: Record<string, string> };

export interface WebhookReceiver {
  url: string;
  /** All that came, oldest first. */
  calls: ReceivedCall[];
  /** Those to this path. */
  to: (path: string) => ReceivedCall[];
  /** What the next calls to this path are answered, one status each; then 200 again. */
  answer: (path: string, ...answers: PreparedAnswer[]) => void;
  /** Calls to this path are answered when the function that this gives is called. */
  hold: (path: string) => () => void;
  /** Stops listening; `up` listens again on the same port. */
  down: () => Promise<void>;
  up: () => Promise<void>;
  close: () => Promise<void>;
}

/** Somebody's server on a free port of loopback, which fails as it is told. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const calls: ReceivedCall[] = [];
  const answers = new Map<string, PreparedAnswer[]>();
  const held = new Map<string, (() => void)[]>();
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      const path = req.url ?? '';
      calls.push({ path, headers: req.headers, body: Buffer.concat(chunks).toString('utf8'), at: Date.now() });
      const prepared = answers.get(path)?.shift() ?? 200;
      const respond = (): void => void (typeof prepared === 'number' ? res.writeHead(prepared) : res.writeHead(prepared.status, prepared.headers)).end();
      const waiting = held.get(path);
      if (waiting === undefined) respond();
      else waiting.push(respond);
    });
  });
  const port = await listenInLane(server);
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    to: (path) => calls.filter((call) => call.path === path),
    answer: (path, ...statuses) => void answers.set(path, statuses),
    hold(path) {
      held.set(path, []);
      return () => {
        const waiting = held.get(path) ?? [];
        held.delete(path);
        for (const respond of waiting) respond();
      };
    },
    down,
    async up() {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    },
    close: down,
  };
}
