import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = join(import.meta.dirname, '../../workflows');
const FILES = readdirSync(DIRECTORY).map((file) => ({ file, source: readFileSync(join(DIRECTORY, file), 'utf8') }));

/** What a file loads when it runs. `import type` and an import of types only are erased. */
function runtimeImports(source: string): string[] {
  const statements = source.matchAll(/^(?:import\s*|(?:import|export)\s(?<clause>[^;'"=]*?)\sfrom\s)['"](?<from>[^'"]+)['"]/gm);
  const loaded = [...statements].filter(({ groups }) => !/^type\s/.test(groups?.['clause'] ?? '')).map(({ groups }) => groups?.['from'] ?? '');
  return [...loaded, ...[...source.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)/g)].map(([, from]) => from ?? '')];
}

const stripped = (source: string): string => source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');

test('the reader of imports sees what is loaded and skips what is erased', () => {
  const source = [
    "import { z } from 'zod';",
    "import type { A } from '../a.ts';",
    "import { b, type C } from './b.ts';",
    "import 'side';",
    "export { d } from '../d.ts';",
    "const e = await import('e');",
  ].join('\n');
  expect(runtimeImports(source)).toEqual(['zod', './b.ts', 'side', '../d.ts', 'e']);
});

describe.each(FILES)('workflows/$file', ({ source }) => {
  test('loads only the SDK and workflow files', () => {
    expect(runtimeImports(source).filter((from) => from !== '@temporalio/workflow' && !from.startsWith('./'))).toEqual([]);
  });

  test('has no asynchronous validator: it would accept everything', () => {
    expect(stripped(source)).not.toMatch(/async\s+validator\b|validator\s*:\s*async\b/);
  });

  test('keeps no state of a run in the module, and names no clock or chance but the patched ones', () => {
    expect(stripped(source)).not.toMatch(/^(?:export\s+)?(?:let|var)\s/m);
    expect(stripped(source)).not.toMatch(/\bprocess\.|\bperformance\.|\bnode:|\bcrypto\b|\bfetch\(|\bsetInterval\(/);
  });
});
