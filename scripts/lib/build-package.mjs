import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localBin, repositoryRoot } from './paths.mjs';
import { keepReachable } from './reachable-files.mjs';
import { runOrThrow } from './run.mjs';

/** Packages for npm, each with its `src/` and `tsconfig.json`. */
export const packageDirectories = ['sdk/compliance', 'sdk/agent'];

/**
 * `dist/esm` and `dist/cjs` of a package, from the same sources by two runs of the compiler. No bundler: what is published can be read, and a
 * bundler of others leaves out the files it does not need. Sources of this repository that the package imports are compiled into it.
 * @param {string} directory below the root of the repository
 */
export async function buildPackage(directory) {
  const cwd = join(repositoryRoot, directory);
  rmSync(join(cwd, 'dist'), { recursive: true, force: true });
  const asCommonJs = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--outDir', 'dist/cjs'];
  for (const options of [[], asCommonJs]) await runOrThrow(`building ${directory}`, localBin('tsc'), ['-p', 'tsconfig.json', ...options], { cwd });
  writeFileSync(join(cwd, 'dist/cjs/package.json'), '{"type":"commonjs"}\n');
  const { exports } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
  for (const kind of ['esm', 'cjs']) {
    const entries = entriesOf(exports).filter((path) => path.startsWith(`./dist/${kind}/`));
    for (const file of keepReachable(
      join(cwd, 'dist', kind),
      entries.map((path) => join(cwd, path)),
    ))
      if (file.endsWith('.d.ts')) nameDeclarations(file);
  }
}

/** The files that a package names for others, whatever the condition. @param {unknown} exports @returns {string[]} */
const entriesOf = (exports) => (typeof exports === 'string' ? [exports] : Object.values(exports ?? {}).flatMap(entriesOf));

/** The compiler leaves `./x.ts` in declarations, which compilers before 5.0 cannot read. @param {string} file */
function nameDeclarations(file) {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/((?:from |import\()['"]\.{1,2}\/[\w./-]+)\.ts(['"])/g, '$1.js$2'));
}
