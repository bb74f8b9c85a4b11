import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localBin, repositoryRoot } from './paths.mjs';
import { runOrThrow } from './run.mjs';

/** Packages for npm, each with its `src/` and `tsconfig.json`. */
export const packageDirectories = ['sdk/compliance'];

/**
 * `dist/esm` and `dist/cjs` of a package, from the same sources by two runs of the compiler. No bundler: what is published can be read.
 * @param {string} directory below the root of the repository
 */
export async function buildPackage(directory) {
  const cwd = join(repositoryRoot, directory);
  rmSync(join(cwd, 'dist'), { recursive: true, force: true });
  const asCommonJs = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--outDir', 'dist/cjs'];
  for (const options of [[], asCommonJs]) await runOrThrow(`building ${directory}`, localBin('tsc'), ['-p', 'tsconfig.json', ...options], { cwd });
  writeFileSync(join(cwd, 'dist/cjs/package.json'), '{"type":"commonjs"}\n');
  for (const kind of ['esm', 'cjs']) nameDeclarations(join(cwd, 'dist', kind));
}

/** The compiler leaves `./x.ts` in declarations, which compilers before 5.0 cannot read. @param {string} directory */
function nameDeclarations(directory) {
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.d.ts'))) {
    const file = join(directory, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}
