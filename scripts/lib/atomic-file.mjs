import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes through a neighbour and a rename, so that a reader sees the old content or the new, never half, also after a loss of power: what was made
 * with a key may be kept by a database by then.
 * @param {string} file @param {string} content
 */
export function writeAtomically(file, content, mode = 0o600) {
  const neighbour = `${file}.${process.pid}.new`;
  rmSync(neighbour, { force: true });
  const handle = openSync(neighbour, 'wx', mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(neighbour, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** @param {string} file @param {unknown} value */
export function writeJson(file, value) {
  writeAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * @param {string} file
 * @returns {any} undefined when there is no such file
 */
export function readJson(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not valid JSON; move it away and start again`, { cause });
  }
}
