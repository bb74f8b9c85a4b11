import { createProgress } from '../../scripts/lib/progress.mjs';
import { hasReferenceTool, staleReference } from '../../scripts/lib/reference.mjs';

const maybe = hasReferenceTool() || process.env['CI'] === 'true' ? test : test.skip;

maybe('docs/reference says what the sources say; `npm run reference` writes it', async () => {
  expect(await staleReference(createProgress({ stream: process.stderr }))).toEqual([]);
});
