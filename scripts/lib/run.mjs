import { spawn } from 'node:child_process';

/** @type {Set<import('node:child_process').ChildProcess>} */
const active = new Set();
let refused = false;

/**
 * Runs a command to its end and collects what it says.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, account?: { uid: number, gid: number } | undefined, show?: boolean }} [options]
 *   `show` passes the output through to the terminal as well
 * @returns {Promise<{ code: number, stdout: string, output: string }>} code 127 when there is no such command
 */
export function run(command, args, { cwd, env = process.env, timeoutMs, account, show = false } = {}) {
  if (refused) return Promise.resolve({ code: 1, stdout: '', output: 'not run: everything is being stopped' });
  return new Promise((settle) => {
    const child = spawn(command, args, { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'], ...account });
    active.add(child);
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
    child.once('error', (error) => {
      active.delete(child);
      settle({ code: 127, stdout, output: `${output}${error.message}` });
    });
    child.once('close', (code, signal) => {
      active.delete(child);
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
    throw new Error(`${doing} failed (exit code ${result.code}):\n${shortened(result.output)}`);
  }
  return result;
}

/** Ends what is being run, an installation or a build among it, and refuses anything further. */
export function stopRuns() {
  refused = true;
  for (const child of active) child.kill('SIGTERM');
}

/** Some tools say what is wrong first and end with pages of usage, others end with it: both ends are kept. @param {string} output */
export function shortened(output, linesEach = 12) {
  const lines = output.trim().split('\n');
  if (lines.length <= 2 * linesEach) return lines.join('\n');
  return [...lines.slice(0, linesEach), `... ${lines.length - 2 * linesEach} lines ...`, ...lines.slice(-linesEach)].join('\n');
}
