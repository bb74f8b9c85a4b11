import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from './atomic-file.mjs';
import { openLog, tailOf } from './log-file.mjs';
import { commandLineOf, isAlive, signalProcess, stopProcess } from './processes.mjs';

/**
 * @typedef {object} ChildSpec
 * @property {string} name also the name of its log
 * @property {string} command
 * @property {readonly string[]} args
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {{ uid: number, gid: number } | undefined} [account]
 * @property {NodeJS.Signals} [stopSignal]
 * @property {number} [graceMs]
 *
 * @typedef {object} Child
 * @property {string} name
 * @property {number} pid
 * @property {string} logFile
 * @property {Promise<string>} ended resolves with how it ended, in words
 * @property {() => string | undefined} ending the same, undefined while it runs
 */

/**
 * The children of one start: started in order, stopped in reverse order, remembered in a file, so that a start after
 * a SIGKILL of the starter finds what that one left behind.
 * @param {{ logDirectory: string, recordFile: string }} options
 */
export function createChildren({ logDirectory, recordFile }) {
  /** @type {Map<string, { spec: ChildSpec, child: Child }>} */
  const running = new Map();
  let closing = false;

  const record = () =>
    writeJson(
      recordFile,
      [...running.values()].map(({ spec, child }) => ({ name: spec.name, pid: child.pid, args: spec.args.join(' '), signal: spec.stopSignal })),
    );

  /** @param {ChildSpec} spec @returns {Promise<Child>} */
  async function start(spec) {
    if (closing) throw new Error(`${spec.name} is not started: everything is being stopped`);
    const child = await launch(spec, join(logDirectory, `${spec.name}.log`));
    // Setting an existing key keeps its place: a restarted child is still stopped in the original order.
    running.set(spec.name, { spec, child });
    record();
    return child;
  }

  /** @param {string} name */
  async function stop(name) {
    const entry = running.get(name);
    if (entry === undefined) return;
    if (entry.child.ending() === undefined) {
      await stopProcess(entry.child.pid, { signal: entry.spec.stopSignal ?? 'SIGTERM', graceMs: entry.spec.graceMs ?? 15_000 });
    }
    running.delete(name);
    record();
  }

  return {
    start,
    stop,
    isClosing: () => closing,
    async stopAll() {
      closing = true;
      const problems = [];
      for (const name of [...running.keys()].toReversed()) {
        await stop(name).catch((error) => problems.push(error));
      }
      if (problems.length > 0) throw new AggregateError(problems, problems.map((problem) => problem.message).join('; '));
    },
    /** Synchronous and without grace: the last resort on the way out. */
    killAll() {
      closing = true;
      for (const { child } of [...running.values()].toReversed()) {
        if (child.ending() === undefined) signalProcess(child.pid, 'SIGKILL');
      }
    },
  };
}

/**
 * Stops what an earlier start left running. A process id may have been given to a stranger since,
 * so only a process with the recorded arguments is touched. The command itself may have been a wrapper that became another.
 * @param {string} recordFile
 * @returns {Promise<string[]>} the names of what was stopped
 */
export async function stopLeftovers(recordFile) {
  const stopped = [];
  for (const { name, pid, args, signal } of (readJson(recordFile) ?? []).toReversed()) {
    if (!isAlive(pid) || !commandLineOf(pid).endsWith(` ${args}`)) continue;
    await stopProcess(pid, { signal: signal ?? 'SIGTERM', graceMs: 15_000 });
    stopped.push(name);
  }
  return stopped;
}

/** @param {Child} child @param {string} doing */
export function diedError(child, doing) {
  return new Error(
    `${child.name} ended (${child.ending() ?? 'still running'}) while ${doing}. Its log, ${child.logFile}, ends with:\n${tailOf(child.logFile)}`,
  );
}

/** @param {ChildSpec} spec @param {string} logFile @returns {Promise<Child>} */
async function launch(spec, logFile) {
  const log = openLog(logFile);
  try {
    const spawned = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C in the terminal must not reach the database before what uses it has stopped.
      detached: true,
      ...spec.account,
    });
    /** @type {string | undefined} */
    let ending;
    const ended = new Promise((settle) => {
      spawned.once('exit', (code, signal) => {
        ending = signal === null ? `exit code ${code}` : `signal ${signal}`;
        settle(ending);
      });
    });
    await new Promise((settle, reject) => {
      spawned.once('spawn', settle);
      spawned.once('error', (cause) => reject(new Error(`${spec.name} cannot be started: ${cause.message}`, { cause })));
    });
    return { name: spec.name, pid: spawned.pid, logFile, ended, ending: () => ending };
  } finally {
    closeSync(log);
  }
}
