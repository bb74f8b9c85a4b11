import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { patientFetch } from './patient-fetch.ts';

export interface AnswerLosingProxy {
  url: string;
  /** The next answers are read to their end, and then the caller's connection is closed instead. */
  lose: (answers: number) => void;
  /** What is answered from now on is kept back until the returned function is called. */
  keepBack: () => () => void;
  /** Answers lost so far. */
  readonly lost: number;
  close: () => Promise<void>;
}

/**
 * A proxy before the product that loses or keeps back answers: it has done what was asked, and the caller does not hear of it, or not yet. Where the product
 * is too busy the proxy asks again: that is no answer to lose, and nothing that a program without patience should meet.
 */
export async function startAnswerLosingProxy(target: string): Promise<AnswerLosingProxy> {
  let toLose = 0;
  let lost = 0;
  let kept: Promise<void> | undefined;
  const server = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = req.headers;
      const method = req.method ?? 'GET';
      const body = method === 'GET' ? {} : { body: Buffer.concat(chunks) };
      const answer = await patientFetch(target + (req.url ?? ''), { method, headers: headers as Record<string, string>, ...body });
      const text = await answer.text();
      await kept;
      if (toLose > 0) {
        toLose -= 1;
        lost += 1;
        req.socket.destroy();
        return;
      }
      res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '', 'x-request-id': answer.headers.get('x-request-id') ?? '' });
      res.end(text);
    })().catch(() => req.socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose(answers) {
      toLose = answers;
    },
    keepBack() {
      let release: () => void = () => undefined;
      kept = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    get lost() {
      return lost;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
