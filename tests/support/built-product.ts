import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DIST = resolve(import.meta.dirname, '../../dist');

/** The path of a built file of the product, such as `cli/mastguard.js`. @throws where nothing was built */
export function builtProduct(file: `${string}.js`): string {
  const path = join(DIST, file);
  if (!existsSync(path)) throw new Error(`dist/${file} is missing: \`npm run build\` comes first`);
  return path;
}
