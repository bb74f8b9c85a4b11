import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { call, createMcpHarness, decisionOf, environmentOf, eventsOf, EVERYTHING, filesystem, type Proxied, said } from '../support/mcp.ts';
import { MCP_POLICY } from '../support/mcp-policies.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
const harness = createMcpHarness();
let directory: string;

beforeAll(async () => {
  product = await startTestProduct({ policy: MCP_POLICY });
});
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'mastguard-mcp-')));
});
afterEach(async () => {
  await harness.stop();
  rmSync(directory, { recursive: true });
});
afterAll(() => product.stop());

/** Each test is an agent of its own. */
let agents = 0;
const connect = (
  server: string[],
  { options = [], ...more }: { options?: string[]; prepare?: (client: Client) => void } = {},
): Promise<Proxied & { agentId: string }> => {
  const agentId = `mcp-${(agents += 1)}`;
  const flags = ['--agent-id', agentId, '--pins', join(directory, 'pins.json'), '--deadline-ms', '60000', ...options];
  return harness.connectProcess({ server, options: flags, env: environmentOf(product, product), ...more }).then((proxied) => ({ ...proxied, agentId }));
};

describe('before server-everything', () => {
  test('what is allowed passes and is answered as the server answers it, and the tools are listed as the server lists them', async () => {
    const { client, agentId } = await connect(EVERYTHING);
    const direct = await harness.connectDirectly(EVERYTHING);
    expect(client.getServerVersion()).toEqual(direct.getServerVersion());
    expect(client.getServerCapabilities()).toEqual(direct.getServerCapabilities());
    expect((await client.listTools()).tools).toEqual((await direct.listTools()).tools);
    expect(await call(client, 'echo', { message: 'hello' })).toEqual(await call(direct, 'echo', { message: 'hello' }));
    expect(await eventsOf(product, agentId, 'echo')).toHaveLength(1);
  });

  test('what is blocked is not done, and is answered with an error that an agent can plan around', async () => {
    const { client } = await connect(EVERYTHING);
    const result = await call(client, 'get-env', {});
    expect(result.isError).toBe(true);
    expect(said(result)).toContain('the environment holds secrets');
    expect(decisionOf(result)).toMatchObject({ denied: true, retryable: false, reason: expect.stringContaining('secrets') as unknown });
    expect(said(result)).not.toContain('PATH');
  });

  test('the key of MastGuard is not in the environment of the server, which has the rest of it', async () => {
    const open = await product.addOrganization();
    const env = { ...environmentOf(product, open), MARK: 'kept' };
    const { client } = await harness.connectProcess({ server: EVERYTHING, options: ['--pins', join(directory, 'pins.json'), '--deadline-ms', '60000'], env });
    const result = await call(client, 'get-env', {});
    expect(said(result)).toContain('kept');
    expect(said(result)).not.toContain('MASTGUARD');
  });

  test('prompts, resources, completions, logging, sampling and methods that nobody knows pass as they are, in both directions', async () => {
    const asked: string[] = [];
    const prepare = (client: Client): void => {
      client.registerCapabilities({ sampling: {}, roots: {} });
      client.setRequestHandler('sampling/createMessage', (request) => {
        asked.push(JSON.stringify(request.params.messages));
        return { model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled' } };
      });
      client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///home/example', name: 'home' }] }));
    };
    const { client } = await connect(EVERYTHING, { prepare });
    const direct = await harness.connectDirectly(EVERYTHING, prepare);
    expect(await client.listPrompts()).toEqual(await direct.listPrompts());
    expect(await client.listResources()).toEqual(await direct.listResources());
    expect(await client.listResourceTemplates()).toEqual(await direct.listResourceTemplates());
    expect(await client.getPrompt({ name: 'simple-prompt' })).toEqual(await direct.getPrompt({ name: 'simple-prompt' }));
    expect(await client.setLoggingLevel('debug')).toEqual({});
    expect(await client.ping()).toEqual({});
    expect(said(await call(client, 'trigger-sampling-request', { prompt: 'a question' }))).toContain('sampled');
    expect(asked).toHaveLength(1);
    const unknown = (which: Client) =>
      which
        .request({ method: 'example/unknown' } as never, { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as never)
        .then(
          () => 'answered',
          (error: { code: unknown; message: string }) => ({ code: error.code, message: error.message }),
        );
    expect(await unknown(client)).toEqual(await unknown(direct));
  });

  test('what a call that runs as a task answers is judged as well', async () => {
    const { client, agentId } = await connect(EVERYTHING);
    const raw = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as never;
    const ask = (method: string, params: object) =>
      client.request({ method, params } as never, raw, { timeout: 120_000 }) as Promise<{ task: { taskId: string } }>;
    const { task } = await ask('tools/call', { name: 'simulate-research-query', arguments: { topic: 'rivers' }, task: { ttl: 60_000 } });
    const result = await ask('tasks/result', { taskId: task.taskId });
    expect(JSON.stringify(result)).toContain('rivers');
    expect(await eventsOf(product, agentId, 'simulate-research-query')).toHaveLength(1);
    expect(await eventsOf(product, agentId, 'tools/call')).toHaveLength(1);
  });

  test('progress of a tool reaches the client, and a cancelled call is cancelled at the server', async () => {
    const { client, agentId } = await connect(EVERYTHING);
    const seen: number[] = [];
    await call(client, 'trigger-long-running-operation', { duration: 0.3, steps: 3 }, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3]);
    const stop = new AbortController();
    const begun = call(client, 'trigger-long-running-operation', { duration: 20, steps: 20 }, { signal: stop.signal, onprogress: () => stop.abort('enough') });
    await expect(begun).rejects.toThrow('enough');
    expect(said(await call(client, 'echo', { message: 'still here' }))).toContain('still here');
    expect(await eventsOf(product, agentId, 'trigger-long-running-operation')).toHaveLength(2);
  });
});

test('pins are in a file of their owner, and a file that cannot be used keeps the proxy from starting', async () => {
  const path = join(directory, 'pins.json');
  const { client } = await connect(filesystem(directory));
  await client.listTools();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toContain('"name": "write_file"');
  await harness.stop();
  writeFileSync(path, '{}');
  await expect(connect(filesystem(directory))).rejects.toThrow(/no file of accepted tools/);
});

test('a wrong command line and a missing key are told, and nothing is written where the protocol is', async () => {
  expect(await harness.run(['--hold-seconds', 'long'], {})).toMatchObject({ code: 2, stdout: '' });
  expect(await harness.run(['--', 'true'], {})).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('MASTGUARD_API_KEY') as unknown });
});
