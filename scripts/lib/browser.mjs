import { existsSync } from 'node:fs';
import { run } from './run.mjs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * In CI the browser tests must run: on a Debian machine, as root, Chromium is installed where it is missing.
 * Anywhere else nothing is installed unasked; the tests are then skipped by name.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 */
export async function ensureBrowser(progress, env = process.env) {
  if (env.CHROMIUM_PATH || places.some((path) => existsSync(path))) return;
  if (!env.CI || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  progress.update('installing Chromium');
  const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 600_000 };
  await run('apt-get', ['update', '-qq'], quiet);
  const { code, output } = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], quiet);
  progress.clear();
  if (code !== 0) progress.line(`Chromium could not be installed; the browser tests will say so\n${output.slice(-500)}`);
}
