import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  // A zombie answers signal 0 although it has ended.
  return !/^\d+ \(.*\) Z /s.test(procFile(pid, 'stat') ?? '');
}

/**
 * The command line of a live process, arguments separated by one space; empty when it cannot be read.
 * @param {number} pid
 */
export function commandLineOf(pid) {
  const recorded = procFile(pid, 'cmdline');
  if (recorded !== undefined) return recorded.replaceAll('\0', ' ').trim();
  if (process.platform === 'linux') return '';
  const listed = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return listed.status === 0 ? listed.stdout.trim() : '';
}

/**
 * Signals a process by its id and waits; what is left after the grace is killed.
 * @param {number} pid
 * @param {{ signal?: NodeJS.Signals, graceMs?: number }} [options]
 */
export async function stopProcess(pid, { signal = 'SIGTERM', graceMs = 10_000 } = {}) {
  for (const [next, waitMs] of /** @type {const} */ ([
    [signal, graceMs],
    ['SIGKILL', 5_000],
  ])) {
    if (!isAlive(pid)) return;
    signalProcess(pid, next);
    const deadline = Date.now() + waitMs;
    while (isAlive(pid) && Date.now() < deadline) await sleep(50);
  }
  if (isAlive(pid)) throw new Error(`process ${pid} does not end`);
}

/** @param {number} pid @param {NodeJS.Signals} signal */
export function signalProcess(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @param {number} pid @param {string} name */
function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
