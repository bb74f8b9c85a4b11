import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { commandLineOf, isAlive } from './processes.mjs';

/**
 * One instance per home. The lock of a process that is gone, or whose id now belongs to a stranger, is taken over.
 * @param {string} file
 * @returns {() => void} release
 */
export function takeLock(file) {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, `${process.pid}\n${commandLineOf(process.pid)}\n`, { flag: 'wx', mode: 0o600 });
      return () => {
        if (holderOf(file)?.pid === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOf(file);
    // In a container a restarted process often gets the id of its predecessor: its own id is nobody else's lock.
    if (holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid) && commandLineOf(holder.pid) === holder.commandLine) {
      throw new Error(`MastGuard already runs here as process ${holder.pid} (${file}). Stop it first, or set MASTGUARD_HOME to another directory.`);
    }
    rmSync(file, { force: true });
  }
  throw new Error(`${file} cannot be taken: another start is happening at this moment`);
}

/** @param {string} file */
function holderOf(file) {
  try {
    const [pid = '', commandLine = ''] = readFileSync(file, 'utf8').split('\n');
    return Number.isInteger(Number(pid)) && Number(pid) > 0 ? { pid: Number(pid), commandLine } : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
