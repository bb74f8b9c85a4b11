import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageDirectories } from './build-package.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { repositoryRoot } from './paths.mjs';
import { runOrThrow } from './run.mjs';

const TOOL = join(repositoryRoot, 'scripts/reference');
const REFERENCE = join(repositoryRoot, 'docs/reference');

/** Whether the tool is installed; it is no dependency of ours, so only those who ask for the reference have it. */
export const hasReferenceTool = () => existsSync(join(TOOL, 'node_modules/typedoc'));

/**
 * The API reference of the npm packages, from their sources: a folder for each.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 */
export async function writeReference(progress, out = REFERENCE) {
  await ensureDependencies(progress, TOOL);
  rmSync(out, { recursive: true, force: true });
  for (const directory of packageDirectories) {
    const cwd = join(repositoryRoot, directory);
    const { name, exports } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
    const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [sourceOf(directory, entry.import.default)]));
    progress.update(`reference of ${name}`);
    const options = [
      '--options',
      join(TOOL, 'typedoc.json'),
      '--tsconfig',
      'tsconfig.json',
      '--name',
      name,
      '--out',
      join(out, name.replace(/^@[^/]+\//, '')),
      '--logLevel',
      'Error',
    ];
    await runOrThrow(`reference of ${name}`, process.execPath, [join(TOOL, 'node_modules/typedoc/bin/typedoc'), ...options, ...entries], { cwd });
  }
  progress.clear();
}

/** The pages that are not as the sources would make them now, by path. @param {Parameters<typeof writeReference>[0]} progress */
export async function staleReference(progress) {
  const fresh = mkdtempSync(join(tmpdir(), 'mastguard-reference-'));
  try {
    await writeReference(progress, fresh);
    const pages = new Set(
      [REFERENCE, fresh].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })).filter((path) => path.endsWith('.md')),
    );
    return [...pages].filter((path) => textOf(join(REFERENCE, path)) !== textOf(join(fresh, path))).toSorted((a, b) => (a < b ? -1 : 1));
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

/** `./dist/esm/sdk/agent/src/index.js` is made from `src/index.ts`. @param {string} directory @param {string} compiled */
const sourceOf = (directory, compiled) =>
  compiled
    .replace(/^\.\/dist\/esm\//, '')
    .replace(`${directory}/src/`, '')
    .replace(/^/, 'src/')
    .replace(/\.js$/, '.ts');

/** @param {string} path */
const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
