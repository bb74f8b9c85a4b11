#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import type { CommandIo } from './export.ts';

interface Command {
  about: string;
  /** Loaded when it is asked for: `verify` must not need what others need. */
  load: () => Promise<(argv: readonly string[], io: CommandIo) => Promise<number>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  verify: { about: 'verifies an export of a ledger, or one entry by its proof', load: async () => (await import('./verify.ts')).verifyCommand },
  export: { about: 'fetches the ledger of an organisation into a directory', load: async () => (await import('./export.ts')).exportCommand },
  'mcp-proxy': { about: 'governs the tools of an MCP server', load: async () => (await import('./mcp-proxy.ts')).mcpProxyCommand },
};

const USAGE = `mastguard COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join('\n')}

mastguard COMMAND without more says how it is used.
`;

/** Runs a command and gives its exit code; 2 where there is none of that name. */
export async function main([name = '', ...argv]: readonly string[], io: CommandIo): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return (await command.load())(argv, io);
  if (name === '--help' || name === 'help') {
    io.stdout.write(USAGE);
    return 0;
  }
  io.stderr.write(name === '' ? USAGE : `there is no command ${name}\n\n${USAGE}`);
  return 2;
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
