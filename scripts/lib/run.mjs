import { spawn } from 'node:child_process';

/**
 * Runs a command to its end and collects what it says.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, account?: { uid: number, gid: number } | undefined, show?: boolean }} [options]
 *   `show` passes the output through to the terminal as well
 * @returns {Promise<{ code: number, stdout: string, output: string }>} code 127 when there is no such command
 */
export function run(command, args, { cwd, env = process.env, timeoutMs, account, show = false } = {}) {
  return new Promise((settle) => {
    const child = spawn(command, args, { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'], ...account });
    let stdout = '';
    let output = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
      if (show) process.stdout.write(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
      if (show) process.stderr.write(chunk);
    });
    child.once('error', (error) => settle({ code: 127, stdout, output: `${output}${error.message}` }));
    child.once('close', (code, signal) => {
      settle({ code: code ?? 1, stdout, output: signal === null ? output : `${output}\nstopped by ${signal}` });
    });
  });
}

/**
 * The same, and an error with the end of the output when it fails.
 * @param {string} doing what a person would say it does
 * @param {Parameters<typeof run>} call
 */
export async function runOrThrow(doing, ...call) {
  const result = await run(...call);
  if (result.code !== 0) {
    throw new Error(`${doing} failed (exit code ${result.code}):\n${result.output.trim().split('\n').slice(-20).join('\n')}`);
  }
  return result;
}
