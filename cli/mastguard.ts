#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import type { CommandIo } from './export.ts';

interface Command {
  about: string;
  /** Loaded when it is asked for: `verify` must not need what others need. */
  load: () => Promise<(argv: readonly string[], io: CommandIo) => Promise<number>>;
  usage: () => Promise<string>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  verify: {
    about: 'verifies an export of a ledger, or one entry by its proof',
    load: async () => (await import('./verify.ts')).verifyCommand,
    usage: async () => (await import('./verify/options.ts')).USAGE,
  },
  export: {
    about: 'fetches the ledger of an organisation into a directory',
    load: async () => (await import('./export.ts')).exportCommand,
    usage: async () => (await import('./export/options.ts')).USAGE,
  },
  'mcp-proxy': {
    about: 'governs the tools of an MCP server',
    load: async () => (await import('./mcp-proxy.ts')).mcpProxyCommand,
    usage: async () => (await import('./mcp-proxy/options.ts')).USAGE,
  },
};

const USAGE = `mastguard COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join('\n')}

mastguard COMMAND --help says how it is used.
`;

/** Runs a command and gives its exit code; 2 where there is none of that name. */
export async function main(args: readonly string[], io: CommandIo): Promise<number> {
  // `help NAME` is `NAME --help`.
  const [name = '', ...argv] = args[0] === 'help' && args.length > 1 ? [...args.slice(1), '--help'] : args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) {
    if (!asksForHelp(argv)) return (await command.load())(argv, io);
    io.stdout.write(await command.usage());
    return 0;
  }
  if (name === 'help' || asksForHelp([name])) {
    io.stdout.write(USAGE);
    return 0;
  }
  io.stderr.write(name === '' ? USAGE : `there is no command ${name}\n\n${USAGE}`);
  return 2;
}

/** What stands behind `--` is somebody else's command line. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((option) => option === '--help' || option === '-h');
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { env, stdout, stderr } = process;
  const io: CommandIo = {
    env,
    stdout,
    stderr,
    // A command that does not ask for it is ended by the signal itself.
    get signal() {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
      return stop.signal;
    },
  };
  process.exitCode = await main(process.argv.slice(2), io);
}
