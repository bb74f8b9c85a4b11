import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { call, createMcpHarness, decideReview, environmentOf, eventsOf, type Proxied, reviewOf, said, SHIFTING } from '../../support/mcp.ts';
import { MCP_POLICY } from '../../support/mcp-policies.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';

let product: TestProduct;
const harness = createMcpHarness();
let directory: string;

beforeAll(async () => {
  product = await startTestProduct({ policy: MCP_POLICY });
  await product.keyOf('Reviewer');
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-mcp-'));
});
afterEach(async () => {
  await harness.stop();
  rmSync(directory, { recursive: true });
});
afterAll(() => product.stop());

let agents = 0;
const connect = (
  how: ({ server: string[] } | { url: string }) & { holdSeconds?: number },
  prepare?: (client: Client) => void,
): Promise<Proxied & { agentId: string }> => {
  const agentId = `modern-${(agents += 1)}`;
  const options = [
    '--agent-id',
    agentId,
    '--pins',
    join(directory, 'pins.json'),
    '--deadline-ms',
    '60000',
    // The client comes back eight times: people have to decide before.
    '--hold-seconds',
    String(how.holdSeconds ?? 10),
    ...('url' in how ? ['--url', how.url] : []),
  ];
  const client = { versionNegotiation: { mode: { pin: '2026-07-28' } } };
  return harness
    .connect({ server: 'server' in how ? how.server : undefined, options, env: environmentOf(product, product), client, prepare })
    .then((proxied) => ({ ...proxied, agentId }));
};

test('a client of 2026-07-28 comes back by itself until people have decided, and the call is done once', async () => {
  const { client, agentId } = await connect({ server: SHIFTING, holdSeconds: 2 });
  const answer = call(client, 'get-sum', { a: 1, b: 2 });
  const asked = await reviewOf(product, agentId);
  // Longer than one round.
  await sleep(2_500);
  await decideReview(product, asked, 'approve');
  expect(said(await answer)).toBe('3');
  expect(await eventsOf(product, agentId, 'get-sum')).toHaveLength(1);
});

test('after some rounds its agent is told that the call waits', async () => {
  const { client, agentId } = await connect({ server: SHIFTING, holdSeconds: 0.2 });
  const result = await call(client, 'get-sum', { a: 1, b: 2 });
  expect(said(result)).toContain((await reviewOf(product, agentId)).id);
});

test('refusals are results of that revision', async () => {
  const { client, agentId } = await connect({ server: SHIFTING });
  const answer = call(client, 'get-sum', { a: 2, b: 2 });
  await decideReview(product, await reviewOf(product, agentId), 'reject');
  expect((await answer).isError).toBe(true);
});

test('a call that the server asks its client about is one call: people are not asked again when the client has answered', async () => {
  const { client, agentId } = await connect({ server: SHIFTING }, (unconnected) => {
    unconnected.registerCapabilities({ elicitation: {} });
    unconnected.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirm: true } }));
  });
  const answer = call(client, 'confirmed', { what: 'deploy' });
  await decideReview(product, await reviewOf(product, agentId), 'approve');
  expect(said(await answer)).toBe('deploy: true');
  expect(await eventsOf(product, agentId, 'confirmed')).toHaveLength(1);
});

test('over streamable HTTP the same holds', async () => {
  const { client, agentId } = await connect({ url: await harness.serveHttp() });
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('get-sum');
  const answer = call(client, 'get-sum', { a: 1, b: 2 });
  await decideReview(product, await reviewOf(product, agentId), 'approve');
  expect(said(await answer)).toBe('3');
});

test('a client of 2025 is served over HTTP as well', async () => {
  const url = await harness.serveHttp();
  const options = ['--pins', join(directory, 'pins.json'), '--deadline-ms', '60000', '--url', url];
  const { client } = await harness.connect({ options, env: environmentOf(product, await product.addOrganization()) });
  expect(said(await call(client, 'get-sum', { a: 1, b: 2 }))).toBe('3');
});
