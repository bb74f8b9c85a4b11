import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readJson } from './atomic-file.mjs';
import { repositoryRoot } from './paths.mjs';
import { scratchSpace } from './scratch-space.mjs';
import { emptyTally, sum } from './tally.mjs';

const inE2e = (/** @type {string[]} */ ...names) => names.map((name) => `tests/e2e/${name}.test.ts`);
/** Files that load the machine so much that the many beside them would run into their time-outs. They bear one another. */
const heavy = inE2e('recorded-sessions', 'erasure-outage', 'ledger-export');
/** Files that see how the product does under a load of their own. They run one by one. */
const alone = inE2e('outage', 'overload', 'ledger');

/** @param {readonly string[]} paths @returns {Promise<import('./tally.mjs').Tally>} */
export async function runJest(paths) {
  if (paths.length > 0) return runFiles(paths);
  const tallies = [
    await runFiles([`--testPathIgnorePatterns=/node_modules/|${[...heavy, ...alone].map((path) => `${path}$`).join('|')}`]),
    await runFiles(['--maxWorkers=3', ...heavy]),
    await runFiles(['--runInBand', ...alone]),
  ];
  return tallies.reduce(sum, emptyTally);
}

/** @param {readonly string[]} args of jest @returns {Promise<import('./tally.mjs').Tally>} */
async function runFiles(args) {
  const space = scratchSpace();
  const scratch = mkdtempSync(join(space, 'mastguard-jest-'));
  try {
    const results = join(scratch, 'results.json');
    const jest = join(repositoryRoot, 'node_modules', 'jest', 'bin', 'jest.js');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const code = await passThrough([...flags, jest, '--json', '--outputFile', results, ...args], { ...process.env, TMPDIR: space });
    const report = readJson(results);
    if (report === undefined) {
      process.stdout.write('FAILED jest: it ended without a report\n');
      return { ...emptyTally, failed: 1 };
    }
    for (const line of failuresOf(report)) process.stdout.write(`${line}\n`);
    const tally = tallyOf(report);
    // A failing set-up or teardown fails no test, yet the run is not a pass.
    return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {any} report of `jest --json` @returns {import('./tally.mjs').Tally} */
export function tallyOf({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites }) {
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests + numTodoTests };
}

/** The failing tests by name with their messages, and the skipped ones by name. @param {any} report @returns {string[]} */
export function failuresOf({ testResults }) {
  return testResults.flatMap((/** @type {any} */ file) => {
    const name = relative(repositoryRoot, file.name);
    const lines = file.assertionResults.flatMap((/** @type {any} */ test) => {
      if (test.status === 'failed') return [`FAILED ${name}: ${test.fullName}`, ...test.failureMessages];
      return test.status === 'passed' ? [] : [`skipped ${name}: ${test.fullName}`];
    });
    return file.status === 'failed' && file.assertionResults.length === 0 ? [`FAILED ${name}`, file.message] : lines;
  });
}

/**
 * Jest's JSON goes to the file; its progress, on stderr, to the terminal.
 * A signal to this process is passed on, and the summary is left to come: jest must get to its teardown.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function passThrough(args, env) {
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, args, { cwd: repositoryRoot, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
    for (const signal of signals) process.on(signal, forward);
    child.once('error', reject);
    child.once('close', (code) => {
      for (const signal of signals) process.off(signal, forward);
      settle(code ?? 1);
    });
  });
}
