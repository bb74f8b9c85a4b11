import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Opens a log for appending. One past the size limit is first moved to `<file>.1`, whose predecessor goes.
 * @param {string} file
 * @returns {number} file descriptor
 */
export function openLog(file, maxBytes = 10 * 1_048_576) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (sizeOf(file) > maxBytes) {
    rmSync(`${file}.1`, { force: true });
    renameSync(file, `${file}.1`);
  }
  return openSync(file, 'a', 0o600);
}

/**
 * The last lines of a log, from its last 64 KiB.
 * @param {string} file
 */
export function tailOf(file, lines = 20) {
  const size = sizeOf(file);
  if (size === 0) return '(the log is empty)';
  const length = Math.min(size, 65_536);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, buffer, 0, length, size - length);
  } finally {
    closeSync(descriptor);
  }
  return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** @param {string} file */
function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
