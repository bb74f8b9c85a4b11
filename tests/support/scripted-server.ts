import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, a string as it is. */
  body?: unknown;
  /**
   * `drop`: the connection is closed without an answer. `cut`: in the middle of the body. `hang`: no answer, ever. `stall`: half a body, and no
   * more, ever.
   */
  fault?: 'drop' | 'cut' | 'hang' | 'stall';
}

export interface SeenCall {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface ScriptedServer {
  url: string;
  /** All that came since the last `play`, oldest first. */
  calls: SeenCall[];
  /** What is answered from now on, one each; the last one goes on. */
  play: (...answers: ScriptedAnswer[]) => void;
  /** Resolves when so many calls have come. */
  called: (times: number) => Promise<void>;
  close: () => Promise<void>;
}

/** A server on a free port of loopback that misbehaves as it is told. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  let script: ScriptedAnswer[] = [{}];
  const calls: SeenCall[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      calls.push({ method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks).toString() });
      const { status = 200, headers = {}, body = {}, fault } = script.length > 1 ? (script.shift() ?? {}) : (script[0] ?? {});
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      if (fault === 'drop') req.socket.destroy();
      else if (fault !== 'hang') {
        res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
        if (fault === undefined) res.end(text);
        else res.write(text.slice(0, 1), () => void (fault === 'cut' && req.socket.destroy()));
      }
      for (const look of waiting) look();
    });
  });
  // None is closed that a client is about to use: those do not ask again.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    play(...answers) {
      script = answers;
      calls.length = 0;
    },
    called: (times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (calls.length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
