import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import tlsDefaults from 'smtp-server/lib/tls-options.js';
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions, type GuardedRequest } from '../../../activities/outbound/guarded-fetch.ts';
import { until } from '../../support/until.ts';

/** Stands for the token in a webhook's URL. */
const SECRET = 'T0KEN-in-the-path';
/** Only ever resolved to: every test that gets it refuses before it connects. */
const PUBLIC = '93.184.215.14';
/** Of the documentation's network: stands for a public host, and nobody answers. */
const SILENT = '192.0.2.1';

const servers: Server[] = [];
const fetchers: GuardedFetch[] = [];
let seen: string[] = [];

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers as told and keeps what it was asked. */
const serve = (answer: RequestListener): Promise<number> =>
  listen(
    createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.host}${request.url}`);
      answer(request, response);
    }),
  );

function guarded(options: GuardedFetchOptions = {}): GuardedFetch['fetch'] {
  const made = createGuardedFetch(options);
  fetchers.push(made);
  return made.fetch;
}

async function errorOf(promise: Promise<unknown>): Promise<{ name: string; code: string; message: string }> {
  const outcome = await promise.then(
    () => 'an answer',
    (error: unknown) => error,
  );
  expect(inspect(outcome, { depth: 9, showHidden: true })).not.toContain(SECRET);
  return outcome as { name: string; code: string; message: string };
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(timer));
}

beforeEach(() => {
  seen = [];
});

afterEach(async () => {
  for (const made of fetchers.splice(0)) made.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const SPELLINGS = [
  '127.0.0.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '127.1',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  'localhost',
];

test.each(SPELLINGS)('loopback written as %s is never reached, over https or http', async (host) => {
  const port = await serve((_request, response) => response.end('reached'));
  const https = await errorOf(guarded({ ports: [port] })(`https://${host}:${port}/${SECRET}`));
  expect(https).toMatchObject({ name: 'OutboundRefused', code: 'address-blocked' });
  // A network that is allowed elsewhere makes scheme and port a question of the address.
  const http = await errorOf(guarded({ ports: [port], allowPrivate: ['10.0.0.0/8'] })(`http://${host}:${port}/${SECRET}`));
  expect(http).toMatchObject({ name: 'OutboundRefused', code: 'address-blocked' });
  expect(seen).toEqual([]);
});

test('one blocked address among good ones is enough to refuse', async () => {
  for (const addresses of [
    [PUBLIC, '127.0.0.1'],
    ['2606:4700::1111', '::1'],
    [PUBLIC, '10.0.0.1'],
  ]) {
    expect(await errorOf(guarded({ lookup: async () => addresses })('https://hooks.example/'))).toMatchObject({ code: 'address-blocked' });
  }
});

test('a name that resolves to a public address first and to loopback afterwards does not reach loopback', async () => {
  const port = await serve((_request, response) => response.end('reached'));
  let lookups = 0;
  const lookup = async (): Promise<string[]> => {
    lookups += 1;
    return lookups === 1 ? [SILENT] : ['127.0.0.1'];
  };
  const fetch = guarded({ lookup, ports: [port], timeoutMs: 300, allowPrivate: [`${SILENT}/32`] });
  const first = await errorOf(fetch(`https://rebind.example:${port}/${SECRET}`));
  expect(first.name).toBe('OutboundFailed');
  expect(lookups).toBe(1);
  expect(await errorOf(fetch(`https://rebind.example:${port}/${SECRET}`))).toMatchObject({ code: 'address-blocked' });
  expect(seen).toEqual([]);
});

test('an answer that is no text arrives byte for byte', async () => {
  const sent = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const port = await serve((_request, response) => response.end(sent));
  const { bytes } = await guarded({ allowPrivate: [`127.0.0.1:${port}`] })(`http://127.0.0.1:${port}/`);
  expect(Buffer.from(bytes)).toEqual(sent);
});

test('the connection goes to the tested address, under the name of the URL', async () => {
  const port = await serve((_request, response) => response.end('hello'));
  let lookups = 0;
  const lookup = async (): Promise<string[]> => {
    lookups += 1;
    return ['127.0.0.1'];
  };
  const answer = await guarded({ lookup, allowPrivate: [`hooks.example:${port}`] })(`http://hooks.example:${port}/a?b=c`, { method: 'POST', body: '{}' });
  expect(answer).toMatchObject({ status: 200, body: 'hello' });
  expect(seen).toEqual([`POST hooks.example:${port}/a?b=c`]);
  expect(lookups).toBe(1);
});

test('a redirect is an answer and is not followed', async () => {
  const inside = await serve((_request, response) => response.end('reached'));
  const outside = await serve((_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${inside}/` }).end());
  const answer = await guarded({ allowPrivate: [`127.0.0.1:${outside}`, `127.0.0.1:${inside}`] })(`http://127.0.0.1:${outside}/`);
  expect([answer.status, answer.headers['location']]).toEqual([302, `http://127.0.0.1:${inside}/`]);
  expect(seen).toEqual([`GET 127.0.0.1:${outside}/`]);
});

test.each([
  [`http://hooks.example/${SECRET}`, 'scheme-refused'],
  [`ftp://hooks.example/${SECRET}`, 'scheme-refused'],
  [`file:///${SECRET}`, 'scheme-refused'],
  [`https://hooks.example:22/${SECRET}`, 'port-refused'],
  [`https://hooks.example:80/${SECRET}`, 'port-refused'],
  [`https://${SECRET}@hooks.example/`, 'credentials-in-url'],
  [`https://user:${SECRET}@hooks.example/`, 'credentials-in-url'],
  [`/${SECRET}`, 'bad-url'],
  [`https://exa mple/${SECRET}`, 'bad-url'],
])('%s is refused before anything is looked up', async (url, code) => {
  let lookups = 0;
  const lookup = async (): Promise<string[]> => {
    lookups += 1;
    return [PUBLIC];
  };
  expect(await errorOf(guarded({ lookup })(url))).toMatchObject({ name: 'OutboundRefused', code });
  expect(lookups).toBe(0);
});

test('an allowed network opens scheme and port for its addresses, and for no others', async () => {
  const port = await serve((_request, response) => response.end('inside'));
  const lookup = async (host: string): Promise<string[]> => (host === 'inside.example' ? ['127.0.0.1'] : [PUBLIC]);
  const fetch = guarded({ lookup, allowPrivate: ['127.0.0.0/8'] });
  expect(await fetch(`http://127.0.0.1:${port}/`)).toMatchObject({ body: 'inside' });
  expect(await fetch(`http://inside.example:${port}/`)).toMatchObject({ body: 'inside' });
  expect(await errorOf(fetch(`http://other.example:${port}/`))).toMatchObject({ code: 'scheme-refused' });
  expect(await errorOf(fetch(`https://other.example:${port}/`))).toMatchObject({ code: 'port-refused' });
  expect(await errorOf(fetch('https://10.0.0.1/'))).toMatchObject({ code: 'address-blocked' });
});

test('an answer is cut at the limit, between two characters', async () => {
  const port = await serve((request, response) => response.end('é'.repeat(request.url === '/short' ? 50 : 1_000_000)));
  const fetch = guarded({ allowPrivate: [`127.0.0.1:${port}`], maxResponseBytes: 101 });
  expect((await fetch(`http://127.0.0.1:${port}/`)).body).toBe('é'.repeat(50));
  expect((await fetch(`http://127.0.0.1:${port}/short`)).body).toBe('é'.repeat(50));
});

test.each([
  ['is never looked up', { lookup: () => new Promise<never>(() => undefined) }, undefined],
  ['does not begin', {}, () => undefined],
  ['drips for ever', {}, drip],
])('an answer that %s ends at the total timeout', async (_what, options, answer) => {
  const port = await serve((_request, response) => answer?.(response));
  const fetch = guarded({ allowPrivate: [`127.0.0.1:${port}`], timeoutMs: 200, ...options });
  const host = 'lookup' in options ? 'https://hooks.example' : `http://127.0.0.1:${port}`;
  // A machine that stalls may take longer now and then, but not each time.
  await until(async () => {
    const startedMs = performance.now();
    expect(await errorOf(fetch(`${host}/${SECRET}`))).toMatchObject({ name: 'OutboundFailed', code: 'timeout' });
    return performance.now() - startedMs < 2_000;
  });
});

test('the caller ends a request with a reason, before or while it runs', async () => {
  const port = await serve(() => undefined);
  const fetch = guarded({ allowPrivate: [`127.0.0.1:${port}`] });
  const call = (signal: AbortSignal): Promise<unknown> => fetch(`http://127.0.0.1:${port}/`, { signal });
  await expect(call(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  const caller = new AbortController();
  setTimeout(() => caller.abort(new Error('no longer needed')), 50);
  await expect(call(caller.signal)).rejects.toThrow('no longer needed');
});

test('closing ends what is under way and takes nothing more', async () => {
  const port = await serve(() => undefined);
  const { fetch, close } = createGuardedFetch({ allowPrivate: [`127.0.0.1:${port}`] });
  const running = errorOf(fetch(`http://127.0.0.1:${port}/${SECRET}`));
  setTimeout(close, 50);
  expect(await running).toMatchObject({ name: 'OutboundFailed', code: 'network' });
  expect(await errorOf(fetch(`http://127.0.0.1:${port}/${SECRET}`))).toMatchObject({ code: 'network' });
});

test('a connection that is refused or breaks is a failure of the network, and the message names the host alone', async () => {
  const port = await serve((_request, response) => response.destroy());
  const broken = await errorOf(guarded({ allowPrivate: [`127.0.0.1:${port}`] })(`http://127.0.0.1:${port}/${SECRET}?${SECRET}`));
  expect([broken.code, broken.message]).toEqual(['network', 'the connection failed: 127.0.0.1']);
  expect(await errorOf(guarded({ allowPrivate: ['127.0.0.1:1'] })(`http://127.0.0.1:1/${SECRET}`))).toMatchObject({ code: 'network' });
  const unknown = guarded({ lookup: async () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })) });
  expect(await errorOf(unknown(`https://nowhere.example/${SECRET}`))).toMatchObject({ name: 'OutboundFailed', code: 'network' });
  expect(await errorOf(guarded({ lookup: async () => [] })(`https://nowhere.example/${SECRET}`))).toMatchObject({ code: 'network' });
});

test('a certificate that nobody vouches for is not accepted, not even on an allowed host; the name asked for is the one of the URL', async () => {
  const names: string[] = [];
  const server = createTlsServer({
    ...tlsDefaults(),
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  });
  const port = await listen(server);
  const fetch = guarded({ lookup: async () => ['127.0.0.1'], allowPrivate: [`hooks.example:${port}`] });
  expect(await errorOf(fetch(`https://hooks.example:${port}/${SECRET}`))).toMatchObject({ name: 'OutboundFailed', code: 'tls' });
  expect(names).toEqual(['hooks.example']);
});

test.each<[string, GuardedRequest]>([
  ['header with a line break', { headers: { 'x-one': 'a\r\nx-two: b' } }],
  ['method that is none', { method: 'GET / HTTP/1.1\r\n' }],
  ['CONNECT', { method: 'CONNECT' }],
])('%s: refused, not sent', async (_what, request) => {
  const port = await serve((_request, response) => response.end());
  const refused = await errorOf(guarded({ allowPrivate: [`127.0.0.1:${port}`] })(`http://127.0.0.1:${port}/${SECRET}`, request));
  expect(refused).toMatchObject({ name: 'OutboundRefused', code: 'bad-request' });
  expect(seen).toEqual([]);
});
