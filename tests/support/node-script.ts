import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * A script of the tests as one file of JavaScript, for those that start it again and again: plain Node loads it in a quarter of the time that compiling on the
 * way takes. Answers its path. Packages stay outside; nothing in it may look for files beside its source.
 */
export function nodeScript(name: `${string}.ts`): string {
  // Within the repository, for its packages to be found.
  const file = join(ROOT, 'node_modules/.cache/mastguard', `${name.slice(0, -'.ts'.length)}.mjs`);
  const made = `${file}.${process.pid}`;
  const options = ['--bundle', '--platform=node', '--format=esm', '--packages=external', '--log-level=warning', `--outfile=${made}`];
  const { status, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/esbuild'), [join(ROOT, name), ...options], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot compile ${name}: ${stderr}`);
  // At once: another test file may be about to run the same script.
  renameSync(made, file);
  return file;
}
