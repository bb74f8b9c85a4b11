import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { OnUnavailable } from '../../sdk/agent/src/shield-options.ts';

export interface McpProxyCommand {
  /** What is governed: a program that speaks MCP on its standard streams, or a streamable HTTP endpoint. */
  server: { command: string; args: string[] } | { url: URL; headers: Record<string, string> };
  /** For events and people. Default: what the server calls itself. */
  serverName: string | undefined;
  apiKey: string | undefined;
  baseUrl: string | undefined;
  agentId: string | undefined;
  sessionId: string | undefined;
  onUnavailable: OnUnavailable;
  deadlineMs: number;
  holdMs: number;
  pins: string;
  acceptChanges: boolean;
}

export class UsageError extends Error {}

export const USAGE = `mastguard mcp-proxy [options] -- COMMAND [ARG…]
mastguard mcp-proxy [options] --url URL

Stands before an MCP server and speaks MCP on its standard streams: every tool call is asked about before it is done.

  --agent-id ID              default: $MASTGUARD_AGENT_ID, then default-agent
  --session-id ID            default: one for each run
  --server-name NAME         for events; default: what the server calls itself
  --on-unavailable MODE      block, allow or local-policy while MastGuard cannot be asked; default: block
  --deadline-ms N            how long MastGuard may take for a decision; default: 2000
  --hold-seconds N           how long a call waits for people before it is answered that it waits; default: 180
  --pins FILE                the accepted tools; default: ~/.mastguard/mcp-pins.json
  --accept-changes           accepts the tools as the server lists them now, says what has changed, and ends
  --url URL                  a server that speaks streamable HTTP
  --header "NAME: VALUE"     sent to that server; may be repeated

$MASTGUARD_API_KEY is the key, $MASTGUARD_BASE_URL the address of MastGuard. The server's program does not see them.
`;

/** @throws UsageError saying which option is wrong */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv = {}): McpProxyCommand {
  const border = argv.indexOf('--');
  const [command, ...args] = border === -1 ? [] : argv.slice(border + 1);
  const values = parse(border === -1 ? argv : argv.slice(0, border));
  if ((command === undefined) === (values.url === undefined)) throw new UsageError('name the server: either its command after --, or --url');
  if (values.header !== undefined && values.url === undefined) throw new UsageError('--header goes with --url');
  return {
    server: command === undefined ? { url: urlOf(values.url ?? ''), headers: headersOf(values.header ?? []) } : { command, args },
    serverName: values['server-name'],
    apiKey: env['MASTGUARD_API_KEY'],
    baseUrl: env['MASTGUARD_BASE_URL'],
    agentId: values['agent-id'] ?? env['MASTGUARD_AGENT_ID'],
    sessionId: values['session-id'],
    onUnavailable: modeOf(values['on-unavailable']),
    deadlineMs: numberOf('--deadline-ms', values['deadline-ms'], 2_000),
    holdMs: numberOf('--hold-seconds', values['hold-seconds'], 180) * 1_000,
    pins: values.pins ?? join(homedir(), '.mastguard', 'mcp-pins.json'),
    acceptChanges: values['accept-changes'] ?? false,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        'agent-id': text,
        'session-id': text,
        'server-name': text,
        'on-unavailable': text,
        'deadline-ms': text,
        'hold-seconds': text,
        pins: text,
        'accept-changes': { type: 'boolean' },
        url: text,
        header: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function modeOf(value = 'block'): OnUnavailable {
  if (value === 'block' || value === 'allow' || value === 'local-policy') return value;
  throw new UsageError('--on-unavailable is block, allow or local-policy');
}

function numberOf(option: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value);
  if (!(number > 0 && number <= 1_000_000)) throw new UsageError(`${option} is a number above 0`);
  return number;
}

function urlOf(text: string): URL {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new UsageError('--url is an http or https address');
  return new URL(text);
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      // The value may be a secret.
      if (colon < 1) throw new UsageError('--header is "NAME: VALUE"');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
