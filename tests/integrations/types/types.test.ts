import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canRun } from '../peers/install.ts';

const suite = canRun('ai') ? it : it.skip;

suite('what the integrations make fits into the types of the frameworks', async () => {
  const tsc = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin', 'tsc');
  const checked = await promisify(execFile)(tsc, ['-p', import.meta.dirname, '--noEmit', '--pretty', 'false']).catch((error: { stdout: string }) => error);
  expect(checked.stdout).toBe('');
});
