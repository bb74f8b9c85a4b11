import type { Readable, Writable } from 'node:stream';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createMcpProxy, type McpProxy, type McpProxyOptions, type ProxyNote } from '../sdk/agent/src/mcp/mcp-proxy.ts';
import type { ToolPins } from '../sdk/agent/src/mcp/tool-pins.ts';
import { MastGuardClient } from '../sdk/compliance/src/client.ts';
import { MastGuardError } from '../sdk/compliance/src/errors.ts';
import { randomId } from '../sdk/compliance/src/random-id.ts';
import type { CommandIo } from './export.ts';
import { formatNote } from './mcp-proxy/format-note.ts';
import { type McpProxyCommand, readOptions, USAGE, UsageError } from './mcp-proxy/options.ts';
import { pinsFile, PinsFileError } from './mcp-proxy/pins-file.ts';
import { MAX_MESSAGE_BYTES, serverTransport } from './mcp-proxy/server-transport.ts';

/**
 * `mastguard mcp-proxy`: exit code 0 when the client has gone or the process was told to stop, 1 when the server has ended or could not be reached, 2 for a wrong
 * command line. Standard output belongs to the protocol; people are told on standard error, never of arguments or contents.
 */
export async function mcpProxyCommand(argv: readonly string[], { env, stderr, signal, protocol = process }: McpProxyIo): Promise<number> {
  const say = (text: string): unknown => stderr.write(`mastguard mcp-proxy: ${text}\n`);
  // From the beginning: a signal is caught from now on, and must not be missed.
  const stopped = new Promise<'stop'>((resolve) => {
    if (signal?.aborted === true) resolve('stop');
    signal?.addEventListener('abort', () => resolve('stop'), { once: true });
  });
  try {
    const command = readOptions(argv, env);
    const onNote = (note: ProxyNote): unknown => say(formatNote(note, { withValues: command.acceptChanges }));
    const options = proxyOptions(command, { env, onNote });
    // A file that cannot be used is told before the client begins to talk.
    await options.pins.read(options.server.identity);
    return command.acceptChanges ? await acceptChanges(options, { say, onNote, stopped }) : await serve(options, { say, stopped, protocol });
  } catch (error) {
    if (error instanceof UsageError) stderr.write(`${error.message}\n\n${USAGE}`);
    else say(describe(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

export interface McpProxyIo extends CommandIo {
  /** Where the client is; this process's own unless told otherwise. */
  protocol?: { stdin: Readable; stdout: Writable };
}

type ProxyOptions = Omit<McpProxyOptions, 'downstream'> & { pins: ToolPins };

function proxyOptions(command: McpProxyCommand, { env, onNote }: { env: NodeJS.ProcessEnv; onNote: (note: ProxyNote) => void }): ProxyOptions {
  const {
    apiKey,
    baseUrl,
    agentId,
    sessionId = randomId('mcp_'),
    onUnavailable,
    deadlineMs,
    serverName,
    holdMs,
    pins,
    server,
    acceptChanges: accept,
  } = command;
  const client = new MastGuardClient({ apiKey, baseUrl });
  const { transport, identity, label } = serverTransport(server, env);
  return {
    shield: { client, agentId, sessionId, onUnavailable, deadlineMs, onFault: () => onNote({ kind: 'fault', code: 'delivery' }) },
    upstream: transport,
    server: { identity, name: serverName },
    pins: pinsFile({ path: pins, label: serverName ?? label }),
    holdMs,
    acceptChanges: accept,
    onNote,
  };
}

interface Serving {
  say: (text: string) => void;
  /** The process was told to end. */
  stopped: Promise<'stop'>;
  protocol: { stdin: Readable; stdout: Writable };
}

async function serve(options: ProxyOptions, { say, stopped, protocol: { stdin, stdout } }: Serving): Promise<number> {
  const downstream = new StdioServerTransport(stdin, stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  const proxy = createMcpProxy({ ...options, downstream });
  return running(proxy, async () => {
    const end = await Promise.race([proxy.closed, stopped]);
    if (end === 'server') say('the MCP server has ended');
    return end === 'server' ? 1 : 0;
  });
}

/** Lists the tools as a client would, so that every version of the protocol is spoken. */
async function acceptChanges(
  options: ProxyOptions,
  { say, onNote, stopped }: Pick<Serving, 'say' | 'stopped'> & { onNote: (note: ProxyNote) => void },
): Promise<number> {
  const [own, downstream] = InMemoryTransport.createLinkedPair();
  const noted: ProxyNote['kind'][] = [];
  const proxy = createMcpProxy({
    ...options,
    downstream,
    onNote(note) {
      noted.push(note.kind);
      onNote(note);
    },
  });
  return running(proxy, async () => {
    const client = new Client({ name: 'mastguard', version: '0.1.0' }, { versionNegotiation: { mode: 'auto' } });
    const listing = client.connect(own).then(() => client.listTools());
    if ((await Promise.race([listing, stopped])) === 'stop') {
      listing.catch(() => undefined);
      say('told to stop before the tools were accepted');
      return 1;
    }
    if (noted.length === 0) say('every tool is as it was accepted');
    return noted.includes('withheld') ? 1 : 0;
  });
}

async function running(proxy: McpProxy, work: () => Promise<number>): Promise<number> {
  try {
    await proxy.start();
    return await work();
  } finally {
    await proxy.close();
  }
}

/** Errors of libraries may quote what was sent; their codes do not. */
function describe(error: unknown): string {
  if (error instanceof PinsFileError || error instanceof MastGuardError) return error.message;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return `cannot go on: ${[code, name].find((part) => typeof part === 'string') ?? 'unknown'}`;
}
