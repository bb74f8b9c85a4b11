import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { type CallToolResult, Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { mcpProxyCommand } from '../../cli/mcp-proxy.ts';
import { DECISION_META } from '../../sdk/agent/src/mcp/answers.ts';
import type { EventSummary } from '../../schemas/event-views.ts';
import type { Review } from '../../schemas/review.ts';
import { until } from './until.ts';
import { builtProduct } from './built-product.ts';
import type { TestOrganization, TestProduct } from './product.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const bin = (name: string) => join(ROOT, 'node_modules/@modelcontextprotocol', name, 'dist/index.js');

export const EVERYTHING = [process.execPath, bin('server-everything')];
export const SHIFTING = [process.execPath, join(ROOT, 'tests/support/shifting-mcp-server.mjs')];
export const filesystem = (directory: string): string[] => [process.execPath, bin('server-filesystem'), directory];

export interface ProxiedOptions {
  /** Command and arguments of the server, unless the options name another one. */
  server?: string[] | undefined;
  options: string[];
  env: Record<string, string>;
  client?: ClientOptions | undefined;
  /** Handlers and the like, before the connection. */
  prepare?: ((client: Client) => void) | undefined;
}

export interface Proxied {
  client: Client;
  /** Everything the proxy and its server have said to people. */
  stderr: () => string;
}

/** Connections of a test file, and the processes behind them. */
export interface McpHarness {
  /** A client of the library before `mastguard mcp-proxy`, run within this process, before a server in a process of its own. */
  connect: (options: ProxiedOptions) => Promise<Proxied>;
  /** The same with the proxy in a process of its own, as a client starts it. */
  connectProcess: (options: ProxiedOptions) => Promise<Proxied & { pid: number }>;
  /** The same server without us. */
  connectDirectly: (server: string[], prepare?: (client: Client) => void) => Promise<Client>;
  /** The shifting server over HTTP; answers its URL. */
  serveHttp: () => Promise<string>;
  /** Runs `mastguard mcp-proxy` to its end. */
  run: (argv: string[], env: Record<string, string>) => Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Ends all of them, by process id where they do not end themselves. */
  stop: () => Promise<void>;
}

export function createMcpHarness(): McpHarness {
  const running: { client?: Client; pid?: number; child?: ChildProcess; end?: () => Promise<unknown> }[] = [];
  const start = (args: string[], env: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, args, { env: { ...env, PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.push({ child });
    return child;
  };

  const connectCommand = async (
    command: string[],
    { env, client: options = {}, prepare }: Omit<ProxiedOptions, 'options'>,
  ): Promise<Proxied & { pid: number }> => {
    const [program = '', ...args] = command;
    const transport = new StdioClientTransport({ command: program, args, env: { ...env, PATH: process.env['PATH'] ?? '' }, stderr: 'pipe' });
    let said = '';
    transport.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const client = new Client({ name: 'test', version: '1.0.0' }, options);
    prepare?.(client);
    try {
      await client.connect(transport);
    } catch (error) {
      await transport.close();
      throw new Error(`cannot connect: ${said}`, { cause: error });
    }
    const pid = transport.pid ?? 0;
    running.push({ client, pid });
    return { client, pid, stderr: () => said };
  };

  return {
    async connect({ env, client: clientOptions = {}, prepare, ...asked }) {
      const [toProxy, toClient] = [new PassThrough(), new PassThrough()];
      let said = '';
      const stderr = { write: (text: string) => (said += text) };
      const stop = new AbortController();
      const io = {
        env: { ...env, PATH: process.env['PATH'] ?? '' },
        stdout: toClient,
        stderr,
        signal: stop.signal,
        protocol: { stdin: toProxy, stdout: toClient },
      };
      const ended = mcpProxyCommand(argvOf(asked), io);
      // What a client of the protocol sees of a process that has ended.
      void ended.then(() => toClient.end());
      const client = new Client({ name: 'test', version: '1.0.0' }, clientOptions);
      prepare?.(client);
      // It reads and writes lines, from whichever side.
      const transport = new StdioServerTransport(toClient, toProxy);
      const close = transport.close.bind(transport);
      // A client that goes closes the proxy's input.
      transport.close = async () => {
        await close();
        toProxy.end();
      };
      const end = () => {
        stop.abort();
        return ended;
      };
      try {
        await Promise.race([client.connect(transport), ended.then((code) => Promise.reject(new Error(`the proxy has ended with code ${code}`)))]);
      } catch (error) {
        await end();
        throw new Error(`cannot connect: ${said}`, { cause: error });
      }
      running.push({ client, end });
      return { client, stderr: () => said };
    },
    connectProcess: ({ env, client, prepare, ...asked }) =>
      connectCommand([process.execPath, builtProduct('cli/mastguard.js'), 'mcp-proxy', ...argvOf(asked)], { env, client, prepare }),
    connectDirectly: async (server, prepare) => (await connectCommand(server, { env: {}, prepare })).client,
    async serveHttp() {
      const child = start([...SHIFTING.slice(1), 'http'], {});
      if (child.stdout === null) throw new Error('no output');
      for await (const line of createInterface({ input: child.stdout })) return line;
      throw new Error('the server has ended');
    },
    async run(argv, env) {
      const child = start([builtProduct('cli/mastguard.js'), 'mcp-proxy', ...argv], env);
      const said = { stdout: '', stderr: '' };
      child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
      const code = await new Promise<number | null>((done) => child.once('close', done));
      return { code, ...said };
    },
    async stop() {
      for (const { client, pid, child, end } of running.splice(0)) {
        await client?.close().catch(() => undefined);
        await end?.();
        // Not by its id, which may be somebody else's once it has ended.
        child?.kill('SIGKILL');
        if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGKILL');
      }
    },
  };
}

const argvOf = ({ options, server }: Pick<ProxiedOptions, 'options' | 'server'>): string[] => [...options, ...(server === undefined ? [] : ['--', ...server])];

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that nobody has waited for yet is none.
    return !(existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
  } catch {
    return false;
  }
}

/** What the proxy is told about the product by its environment. */
export const environmentOf = ({ apiUrl }: TestProduct, { apiKey }: TestOrganization): Record<string, string> => ({
  MASTGUARD_API_KEY: apiKey,
  MASTGUARD_BASE_URL: apiUrl,
});

export const call = (client: Client, name: string, args: Record<string, unknown>, options?: Parameters<Client['callTool']>[1]): Promise<CallToolResult> =>
  client.callTool({ name, arguments: args }, { timeout: 120_000, ...options });
export const said = ({ content }: CallToolResult): string => content.map((item) => (item.type === 'text' ? item.text : '')).join('\n');
/** What the proxy says for programs. */
export const decisionOf = ({ _meta: meta }: CallToolResult): Record<string, unknown> => (meta?.[DECISION_META] ?? {}) as Record<string, unknown>;

/** The events of an agent that are named so. */
export async function eventsOf(product: TestProduct, agentId: string, action: string, { apiKey }: TestOrganization = product): Promise<EventSummary[]> {
  const { body } = await product.call<{ data: EventSummary[] }>('GET', `/api/v1/governance/events?agentId=${agentId}&limit=200`, { key: apiKey });
  return body.data.filter((event) => event.action === action);
}

/** The only review of an agent in a status, as soon as there is one. */
export async function reviewOf({ call: ask }: TestProduct, agentId: string, status: Review['status'] = 'pending'): Promise<Review> {
  let seen: Review[] = [];
  const look = async (): Promise<Review | undefined> => {
    const { body } = await ask<{ data: Review[] }>('GET', '/api/v1/hitl/reviews?limit=100');
    seen = body.data.filter((one) => one.agentId === agentId);
    const [found, ...others] = seen.filter((one) => one.status === status);
    if (others.length > 0) throw new Error(`${others.length + 1} reviews are ${status}`);
    return found;
  };
  return until(look).catch((cause: unknown) => {
    throw new Error(`no review of ${agentId} is ${status}; they are: ${seen.map((one) => one.status).join(', ')}`, { cause });
  });
}

/** As a reviewer. */
export async function decideReview(product: TestProduct, { id }: { id: string }, verb: string, more: object = {}): Promise<void> {
  const answer = await product.call('POST', `/api/v1/hitl/reviews/${id}/decision`, { key: await product.keyOf('Reviewer'), body: { verb, ...more } });
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
