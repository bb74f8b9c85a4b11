import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { buildPackage, packageDirectories } from './build-package.mjs';
import { localBin, repositoryRoot } from './paths.mjs';
import { runOrThrow } from './run.mjs';

const output = join(repositoryRoot, 'dist');
const stamp = join(output, '.build-stamp');

/** Trees with files that the compiler leaves alone, and which of those the product reads at run time. */
const assetTrees = [
  { directory: 'db/migrations', extensions: ['.sql'] },
  { directory: 'api/pages', extensions: ['.hbs', '.css', '.js', '.svg', '.png', '.ico', '.woff2'] },
  { directory: 'api/public', extensions: ['.html', '.css', '.js', '.svg', '.png', '.ico', '.woff2', '.txt'] },
];

/**
 * Compiles to dist/, copies what is not TypeScript, bundles the workflows and builds the packages for npm. Nothing to do when no source has changed.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 * @returns {Promise<boolean>} whether anything was built
 */
export async function build(progress) {
  const state = stateOfSources();
  const isThere = packageDirectories.every((directory) => existsSync(join(repositoryRoot, directory, 'dist')));
  if (isThere && existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return false;
  progress.update('building');
  rmSync(stamp, { force: true });
  try {
    await runOrThrow('the TypeScript build', localBin('tsc'), ['-p', 'tsconfig.build.json'], { cwd: repositoryRoot });
    for (const tree of assetTrees) copyAssets(tree);
    await bundleWorkflows(join(output, 'workflow-bundle.js'));
    await bundleVerifier(join(output, 'browser', 'ledger-verifier.js'));
    for (const directory of packageDirectories) await buildPackage(directory);
  } finally {
    progress.clear();
  }
  writeFileSync(stamp, state);
  return true;
}

/** @param {string} file where the bundle goes */
async function bundleWorkflows(file) {
  await runOrThrow('bundling the workflows', process.execPath, [join(output, 'workers', 'build-bundle.js'), file], { cwd: repositoryRoot });
}

/**
 * The verifier of exports as one file that a page can load.
 * @param {string} file where the bundle goes
 */
export async function bundleVerifier(file) {
  const options = ['--bundle', '--minify', '--format=esm', '--target=es2022', '--legal-comments=inline', '--log-level=warning', `--outfile=${file}`];
  await runOrThrow('bundling the verifier', localBin('esbuild'), ['core/ledger/verify/in-browser.ts', ...options], { cwd: repositoryRoot });
}

/** @param {{ directory: string, extensions: string[] }} tree */
function copyAssets({ directory, extensions }) {
  const wanted = filesBelow(join(repositoryRoot, directory)).filter((file) => extensions.includes(extname(file)));
  const targets = new Set();
  for (const file of wanted) {
    const target = join(output, file.slice(repositoryRoot.length + 1));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
    targets.add(target);
  }
  // A migration or page that is gone from the sources must not live on in the output. Compiled files are not ours to judge.
  for (const file of filesBelow(join(output, directory))) {
    const kind = extname(file);
    if (kind !== '.js' && extensions.includes(kind) && !targets.has(file)) rmSync(file);
  }
}

function stateOfSources() {
  const configuration = [
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
    ...packageDirectories.map((directory) => `${directory}/tsconfig.json`),
  ].map((name) => join(repositoryRoot, name));
  const { include } = JSON.parse(readFileSync(join(repositoryRoot, 'tsconfig.build.json'), 'utf8'));
  const sources = [...include, ...packageDirectories.map((directory) => `${directory}/src`)].flatMap((/** @type {string} */ directory) =>
    filesBelow(join(repositoryRoot, directory)),
  );
  const hash = createHash('sha256').update(process.version);
  for (const file of [...new Set([...configuration, ...sources])].toSorted((a, b) => (a < b ? -1 : 1))) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined) hash.update(`${file}\0${found.size}\0${found.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {string} directory @returns {string[]} */
function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes('/node_modules/'));
}
