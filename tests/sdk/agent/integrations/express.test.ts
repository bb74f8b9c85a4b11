import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express, { type Request } from 'express';
import { memoryBuffer } from '../../../../sdk/agent/src/buffer-store.ts';
import { type ExpressOptions, type Governed, mastguardExpress, permitOf } from '../../../../sdk/agent/src/integrations/express.ts';
import { blocking, scriptDecisions } from './scripted-decisions.ts';

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

/** A server with one governed route; `handled` are the requests that came through to its handler. */
async function serve(options: Partial<ExpressOptions<Request>>) {
  const handled: (Request & Governed)[] = [];
  const errors: unknown[] = [];
  const app = express();
  const event: ExpressOptions<Request>['event'] = (req) => ({ action: 'refund', tool: { name: 'refund', args: req.body as Record<string, never> } });
  app.post('/refunds', express.json(), mastguardExpress<Request>({ event, ...options }), (req: Request & Governed, res) => {
    handled.push(req);
    res.json({ done: true });
  });
  app.use((error: unknown, _req: Request, res: express.Response, _next: express.NextFunction) => {
    errors.push(error);
    res.status(500).json({ failed: true });
  });
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/refunds`;
  const post = (body: object, init: RequestInit = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init });
  return { post, handled, errors };
}

it('a request that is allowed reaches its handler, with its permit', async () => {
  const script = scriptDecisions();
  const { post, handled } = await serve(script.options);
  const answer = await post({ amount: 5 });
  expect([answer.status, await answer.json()]).toEqual([200, { done: true }]);
  expect(permitOf(handled[0]!)).toMatchObject({ decision: { value: 'ALLOW' }, event: { tool: { args: { amount: 5 } } } });
  expect(script.told()).toEqual(['refund({"amount":5})']);
});

it('a request that is refused ends in a problem that tells a stranger no reasons', async () => {
  const script = scriptDecisions(blocking('500', 'Above the limit of the rule.'));
  const { post, handled } = await serve(script.options);
  const answer = await post({ amount: 500 });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([403, expect.stringContaining('application/problem+json')]);
  const problem: unknown = await answer.json();
  expect(problem).toMatchObject({ status: 403, code: 'mastguard-blocked', eventId: script.asked[0]?.id });
  expect(JSON.stringify(problem)).not.toContain('limit');
  expect(handled).toEqual([]);
});

it('reasons are told where they are meant to be', async () => {
  const { post } = await serve({ ...scriptDecisions(blocking('500', 'Above the limit.')).options, exposeReasons: true });
  expect(await (await post({ amount: 500 })).json()).toMatchObject({ detail: 'Above the limit.' });
});

it('a request that stands for no event goes through, and nobody is asked', async () => {
  const script = scriptDecisions();
  const { post, handled } = await serve({ ...script.options, event: () => undefined });
  expect((await post({})).status).toBe(200);
  expect([handled.length, script.asked]).toEqual([1, []]);
  expect(permitOf(handled[0]!)).toBeUndefined();
});

it('while MastGuard cannot be asked the answer is 503, and says when to come again', async () => {
  // Nobody listens there.
  const { post, handled } = await serve({ apiKey: 'mg_test_none', baseUrl: 'http://127.0.0.1:9', buffer: memoryBuffer({ maxEvents: 0 }) });
  const answer = await post({ amount: 5 });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect(handled).toEqual([]);
});

it('what goes wrong otherwise is an error of this server, never of its client', async () => {
  const { post, handled, errors } = await serve({ decide: () => Promise.reject(new TypeError('misconfigured')) });
  expect((await post({ amount: 5 })).status).toBe(500);
  expect([handled, errors]).toEqual([[], [expect.any(TypeError)]]);
});

it('a client that goes away while the decision is awaited has nothing done for it', async () => {
  let ended: ((reason: unknown) => void) | undefined;
  let began: (() => void) | undefined;
  const aborted = new Promise<unknown>((resolve) => (ended = resolve));
  const started = new Promise<void>((resolve) => (began = resolve));
  const { post, handled } = await serve({
    decide: (_event, { signal }) =>
      new Promise((_resolve, reject) => {
        began?.();
        signal?.addEventListener('abort', () => {
          ended?.(signal.reason);
          reject(signal.reason as Error);
        });
      }),
  });
  const leaving = new AbortController();
  const request = post({ amount: 5 }, { signal: leaving.signal });
  await started;
  leaving.abort();
  await expect(request).rejects.toThrow('aborted');
  expect(await aborted).toMatchObject({ message: 'the client has gone away' });
  expect(handled).toEqual([]);
});
