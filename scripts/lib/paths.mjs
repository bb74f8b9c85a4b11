import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Where one installation keeps its state.
 * The directory may be entered but not listed by others, so that the unprivileged PostgreSQL account reaches its data.
 */
export function openHome(env = process.env) {
  const home = resolve(repositoryRoot, env.MASTGUARD_HOME || '.mastguard');
  const temporal = join(home, 'temporal');
  mkdirSync(home, { recursive: true, mode: 0o711 });
  mkdirSync(temporal, { recursive: true, mode: 0o700 });
  return {
    home,
    logs: join(home, 'logs'),
    lock: join(home, 'start.pid'),
    children: join(home, 'children.json'),
    secrets: join(home, 'secrets.json'),
    masterKey: join(home, 'master.key'),
    runtime: join(home, 'runtime.json'),
    postgres: join(home, 'postgres'),
    temporalDatabase: join(temporal, 'temporal.db'),
  };
}

/** Cache directories for downloaded servers, best first: the user's own, then one beside the checkout. */
export function cacheDirectories(env = process.env) {
  const preferred = env.MASTGUARD_CACHE ? resolve(env.MASTGUARD_CACHE) : join(homedir(), '.cache', 'mastguard');
  return [preferred, join(repositoryRoot, '.mastguard', 'cache')];
}

/** @param {string} name a tool of node_modules/.bin */
export function localBin(name) {
  return join(repositoryRoot, 'node_modules', '.bin', name);
}
