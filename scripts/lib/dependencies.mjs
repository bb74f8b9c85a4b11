import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { runOrThrow } from './run.mjs';

/**
 * Installs the npm packages when they are missing or older than the lockfile.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 * @param {string} [root]
 * @param {{ optional?: boolean }} [options] false leaves out what is optional, such as a library's own binaries
 */
export async function ensureDependencies(progress, root = repositoryRoot, { optional = true } = {}) {
  if (isInstalled(root)) return;
  const started = Date.now();
  const ticker = setInterval(() => progress.update('installing packages', `${Math.round((Date.now() - started) / 1000)} s`), 1_000);
  progress.update('installing packages');
  try {
    // Development packages always: the build and the embedded PostgreSQL are among them, whatever NODE_ENV says.
    const [npm, ...before] = npmCommand();
    // Not `npm ci`: it demands that the lockfile names the optional binaries of every platform, which not every registry carries.
    // `install` takes the same pinned versions and, with --no-save, leaves the lockfile alone.
    await runOrThrow(
      'npm install',
      npm,
      [...before, 'install', '--no-save', '--include=dev', `--${optional ? 'include' : 'omit'}=optional`, '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: root },
    );
  } finally {
    clearInterval(ticker);
    progress.clear();
  }
  writeFileSync(stampFile(root), lockHash(root));
}

/** @param {string} root */
export function isInstalled(root) {
  const installed = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  if (installed === undefined) return false;
  const stamp = stampFile(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(root)) return true;
  // A person may have run npm: its own copy of the lockfile is then the newer one.
  const lock = statSync(join(root, 'package-lock.json'), { throwIfNoEntry: false });
  return lock !== undefined && installed.mtimeMs >= lock.mtimeMs;
}

/** @returns {[string, ...string[]]} */
function npmCommand() {
  const running = process.env.npm_execpath;
  return running?.endsWith('.js') && running.includes('npm') ? [process.execPath, running] : ['npm'];
}

/** @param {string} root */
function stampFile(root) {
  return join(root, 'node_modules', '.mastguard-stamp');
}

/** @param {string} root */
function lockHash(root) {
  const lock = ['package-lock.json', 'package.json'].map((name) => join(root, name)).find((file) => existsSync(file));
  return lock === undefined ? '' : createHash('sha256').update(readFileSync(lock)).digest('hex');
}
