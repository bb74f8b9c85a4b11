import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { canonicalize } from '../../core/json/canonical.ts';
import type { McpTransport } from '../../sdk/agent/src/mcp/json-rpc.ts';
import type { McpProxyCommand } from './options.ts';

/** The longest message of a server, such as a file that was read. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** The way to the server, and what it is known by: how it is asked for, since what it says of itself it can change. */
export function serverTransport(server: McpProxyCommand['server'], env: NodeJS.ProcessEnv): { transport: McpTransport; identity: string; label: string } {
  if ('url' in server) {
    const { url, headers } = server;
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
    const close = transport.close.bind(transport);
    // A server that keeps sessions need not keep this one.
    transport.close = async () => {
      await transport.terminateSession().catch(() => undefined);
      await close();
    };
    // A query may hold a secret.
    return { transport, identity: `http:${digest([url.href])}`, label: `${url.origin}${url.pathname}` };
  }
  const { command, args } = server;
  const transport = new StdioClientTransport({ command, args, env: withoutOurs(env), stderr: 'inherit', maxBufferSize: MAX_MESSAGE_BYTES });
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    const { _process: started } = transport as unknown as { _process?: ChildProcess };
    endWithProcess(started);
  };
  return { transport, identity: `stdio:${digest([command, ...args])}`, label: basename(command) };
}

const LAST_WORDS_MS = 500;

/** What a server has started and left behind, such as a browser, may hold its output open: then its end would not be seen, and this process could not end. */
function endWithProcess(server: ChildProcess | undefined): void {
  server?.once('exit', () => {
    // What it said last is read before: the pipe comes between the timer and what is immediate.
    setTimeout(() => setImmediate(() => server.stdout?.destroy()), LAST_WORDS_MS).unref();
  });
}

const digest = (words: string[]): string => createHash('sha256').update(canonicalize(words)).digest('hex');

/** As the program would have been started without us; but a server has no business with the key. */
const withoutOurs = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('MASTGUARD_')));
