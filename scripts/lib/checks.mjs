import { existsSync } from 'node:fs';
import { localBin, repositoryRoot } from './paths.mjs';
import { run } from './run.mjs';
import { emptyTally, sum } from './tally.mjs';

const checks = [
  { name: 'type check', tool: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'lint', tool: 'oxlint', args: ['--type-aware'] },
  { name: 'format', tool: 'oxfmt', args: ['--check', '.'] },
  { name: 'unused code', tool: 'knip', args: [] },
];

/**
 * The static checks, side by side; each counts as one test.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 */
export async function runChecks(progress, env = process.env) {
  progress.update('type check, lint, format, unused code');
  const tallies = await Promise.all(
    checks.map(async ({ name, tool, args }) => {
      if (!existsSync(localBin(tool))) {
        // On a user's machine a missing tool is a skip with a name; CI must run everything.
        progress.line(`${env.CI ? 'FAILED' : 'skipped'} ${name}: ${tool} is not installed`);
        return { ...emptyTally, [env.CI ? 'failed' : 'skipped']: 1 };
      }
      const { code, output } = await run(localBin(tool), args, { cwd: repositoryRoot, env: { ...env, FORCE_COLOR: '0', NO_COLOR: '1' } });
      if (code === 0) return { ...emptyTally, passed: 1 };
      progress.line(`FAILED ${name}\n${output.trim()}`);
      return { ...emptyTally, failed: 1 };
    }),
  );
  progress.clear();
  return tallies.reduce(sum, emptyTally);
}
