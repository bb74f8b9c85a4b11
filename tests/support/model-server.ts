import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, sendAnswer } from './model-server/answer.ts';
import { failure } from './model-server/failure.ts';
import { idOf, type ModelRequest, readRequest } from './model-server/request.ts';
import { handlerOf } from './model-server/routes.ts';
import { scriptOf } from './model-server/script.ts';

export interface ModelServer {
  /** For `baseURL` of Anthropic; with `/v1` for OpenAI; as `endpoint` for Azure. */
  url: string;
  /** What came, oldest first. */
  requests: ModelRequest[];
  close: () => Promise<void>;
}

export interface ModelServerOptions {
  /** What the model does on a request, in the words of `scriptOf`. Default: what the name of the model says. */
  behave?: (request: ModelRequest) => string;
  /** Default: a free one. */
  port?: number;
}

/**
 * OpenAI, Azure OpenAI and Anthropic on a free port of loopback, in their published formats: the peers of model clients that no test can run. The
 * same request always has the same answer, to the byte.
 */
export async function startModelServer({ behave = ({ model }) => model, port = 0 }: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const failed = new Map<string, number>();

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const request = await readRequest({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks) });
    requests.push(request);
    res.once('close', () => {
      if (!res.writableFinished) request.abandoned = true;
    });
    const script = scriptOf(behave(request));
    const times = failed.get(request.text) ?? 0;
    const handler = handlerOf(request);
    let found: Answer;
    if (handler === undefined) found = failure(request, 404);
    else if (script.failure !== undefined && times < script.failure.times) {
      failed.set(request.text, times + 1);
      found = failure(request, script.failure.status);
    } else found = handler(request, script);
    const name = request.vendor === 'anthropic' ? 'request-id' : 'x-request-id';
    await sendAnswer(res, { ...found, headers: { [name]: idOf('req_', request), ...found.headers } }, script);
  };

  const server = createServer((req, res) => {
    // What cannot be read is a fault of the test; the client sees a connection that ends.
    answer(req, res).catch(() => res.destroy());
  });
  // None is closed that a client is about to use: those do not ask again.
  server.keepAliveTimeout = 0;
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
