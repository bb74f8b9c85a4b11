import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { commandLineOf, isAlive } from './processes.mjs';

/**
 * One instance per home. The lock of a process that is gone, or whose id now belongs to a stranger, is taken over.
 * @param {string} file
 * @returns {() => void} release
 */
export function takeLock(file) {
  const own = `${process.pid}\n${commandLineOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (createWhole(file, own)) {
      return () => {
        if (holderOf(file)?.pid === process.pid) rmSync(file, { force: true });
      };
    }
    const holder = liveHolderOf(file);
    if (holder !== undefined) {
      throw new Error(`MastGuard already runs here as process ${holder.pid} (${file}). Stop it first, or set MASTGUARD_HOME to another directory.`);
    }
    if (!removeLeft(file, own)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 + Math.random() * 20);
  }
  throw new Error(`${file} cannot be taken: other starts are happening at this moment`);
}

/**
 * Removes the lock of a process that is gone. One process at a time, and it looks again: otherwise a slower one would remove the lock that a faster one has
 * taken meanwhile.
 * @param {string} file @param {string} own
 * @returns {boolean} false where it is another one's turn
 */
function removeLeft(file, own) {
  const turn = `${file}.turn`;
  if (!createWhole(turn, own)) {
    // Killed in its turn.
    if (liveHolderOf(turn) === undefined) rmSync(turn, { force: true });
    return false;
  }
  try {
    if (liveHolderOf(file) === undefined) rmSync(file, { force: true });
  } finally {
    rmSync(turn, { force: true });
  }
  return true;
}

/**
 * Nobody sees it half-written.
 * @param {string} file @param {string} text
 * @returns {boolean} false where there is one
 */
function createWhole(file, text) {
  const neighbour = `${file}.${randomUUID()}`;
  try {
    writeFileSync(neighbour, text, { flag: 'wx', mode: 0o600 });
    linkSync(neighbour, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(neighbour, { force: true });
  }
}

/** @param {string} file */
function liveHolderOf(file) {
  const holder = holderOf(file);
  // In a container a restarted process often gets the id of its predecessor: its own id is nobody else's lock.
  return holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid) && commandLineOf(holder.pid) === holder.commandLine ? holder : undefined;
}

/** @param {string} file */
function holderOf(file) {
  try {
    const [pid = '', ...commandLine] = readFileSync(file, 'utf8').split('\n');
    return Number.isInteger(Number(pid)) && Number(pid) > 0 ? { pid: Number(pid), commandLine: commandLine.join('\n').trim() } : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
