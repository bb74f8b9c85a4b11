import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../../scripts/lib/paths.mjs';

/** Every module that is loaded with one, the compiler's own type imports aside. */
function importsOf(entry: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    const source = readFileSync(file, 'utf8').replaceAll(/^(?:import|export) type [^;]*;$/gm, '');
    const specifiers = [...source.matchAll(/^(?:import|export)[^;]*? from '([^']+)';$|^import '([^']+)';$|import\('([^']+)'\)/gm)].map(
      (match) => match[1] ?? match[2] ?? match[3] ?? '',
    );
    found.set(file, specifiers);
    waiting.push(...specifiers.filter((each) => each.startsWith('.')).map((each) => join(dirname(file ?? ''), each)));
  }
  return found;
}

describe('mastguard verify', () => {
  test.each(['cli/verify.ts', 'cli/verify/block-thread.ts'])('%s loads nothing but its own files and Node, however far one follows', (entry) => {
    const modules = importsOf(join(repositoryRoot, entry));
    expect(modules.size).toBeGreaterThan(10);
    for (const file of modules.keys()) expect(existsSync(file)).toBe(true);
    const others = [...modules.values()].flat().filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'));
    expect(others).toEqual([]);
  });
});
