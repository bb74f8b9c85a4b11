import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Deletes what no entry leads to: the compiler also writes the files of which only types are used.
 * @param {string} directory compiled files, `.js` with their `.d.ts`
 * @param {string[]} entries
 * @returns {string[]} what is left
 */
export function keepReachable(directory, entries) {
  const reached = new Set();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) waiting.push(fileOf(file, specifier));
  }
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const file = join(directory, name);
    if (/\.(?:js|d\.ts)$/.test(name) && !reached.has(file)) rmSync(file);
  }
  return [...reached];
}

/** Declarations import declarations, code imports code. @param {string} from @param {string} specifier */
function fileOf(from, specifier) {
  const base = resolve(dirname(from), specifier).replace(/\.(?:d\.)?[jt]s$/, '');
  const file = base + (from.endsWith('.d.ts') ? '.d.ts' : '.js');
  if (!existsSync(file)) throw new Error(`${from} imports ${specifier}, which is not there`);
  return file;
}
