import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelServer {
  url: string;
  close: () => Promise<void>;
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const WORDS = Array.from({ length: 60 }, (_, index) => ` word${index}`);

const WHOLE = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: WORDS.join('') }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 60, total_tokens: 70 },
});

const STREAM = [chunk({ role: 'assistant', content: '' }), ...WORDS.map((content) => chunk({ content })), chunk({}, 'stop'), 'data: [DONE]\n\n'].join('');

/** Answers chat completions of 60 words at once, so that what a client adds is not lost in what a model takes. */
export async function startModelServer(): Promise<ModelServer> {
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8');
    req.on('data', (text: string) => void (body += text));
    req.on('end', () => {
      const streamed = body.includes('"stream":true');
      res.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' });
      res.end(streamed ? STREAM : WHOLE);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
