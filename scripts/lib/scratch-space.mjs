import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
/** A whole run leaves some 4 GiB in databases and their logs; the processes beside them need as much again. */
const FREE_BYTES = 8 * 2 ** 30;

/**
 * Where a run of the tests keeps what it throws away: in memory where there is plenty, else in the system's temporary directory.
 * Thousands of small files are made and deleted, which a disk makes several times dearer; nothing in them outlives a power cut.
 * @returns {string}
 */
export function scratchSpace() {
  if (process.platform !== 'linux' || !isRoomy()) return tmpdir();
  // One for all runs of this account, so that the next run finds what a killed one left behind. PostgreSQL's account must be able to pass through.
  const directory = join(SHARED_MEMORY, `mastguard-tests-${process.getuid?.() ?? 0}`);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  return directory;
}

function isRoomy() {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    // Programs are unpacked and started there too.
    return bavail * bsize >= FREE_BYTES && process.availableMemory() >= 1.5 * FREE_BYTES && !mountOptions(SHARED_MEMORY).includes('noexec');
  } catch {
    return false;
  }
}

/** @param {string} place @returns {string[]} */
function mountOptions(place) {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const [, , , options = 'noexec'] = mounts.map((line) => line.split(' ')).findLast(([, mounted]) => mounted === place) ?? [];
  return options.split(',');
}
