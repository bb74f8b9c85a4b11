#!/usr/bin/env node
/** `npm test`: installs what it needs, runs every check and suite, and sums up in its last line. */
import { ensureBrowser } from './lib/browser.mjs';
import { build } from './lib/build.mjs';
import { runChecks } from './lib/checks.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { ensureIntegrationPeers } from './lib/integration-peers.mjs';
import { nodeVersionProblem } from './lib/node-version.mjs';
import { createProgress } from './lib/progress.mjs';
import { runJest } from './lib/jest-suite.mjs';
import { closingLine, emptyTally, failed, sum } from './lib/tally.mjs';

/**
 * Further suites go here; each answers a tally and prints its own failures.
 * @type {readonly { name: string, run: (paths: readonly string[]) => Promise<import('./lib/tally.mjs').Tally> }[]}
 */
const suites = [{ name: 'jest', run: runJest }];

const progress = createProgress();
process.exitCode = await main(process.argv.slice(2));

/** @param {readonly string[]} paths handed to jest */
async function main(paths) {
  const tallies = [];
  try {
    const problem = nodeVersionProblem(process.versions.node);
    if (problem !== undefined) throw new Error(problem);
    // Side by side, because they wait for the network and the disk; the frameworks of others are not needed before the tests.
    const peers = ensureIntegrationPeers(progress);
    await Promise.all([ensureDependencies(progress), ensureBrowser(progress)]);
    tallies.push(await runChecks(progress));
    tallies.push(await attempt('build', () => build(progress)));
    await peers;
    for (const suite of suites) tallies.push(await suite.run(paths));
  } catch (error) {
    progress.line(error instanceof Error ? error.message : String(error));
    tallies.push({ ...emptyTally, failed: 1 });
  }
  const total = tallies.reduce(sum, emptyTally);
  progress.line(closingLine(total));
  return failed(total) ? 1 : 0;
}

/** @param {string} name @param {() => Promise<unknown>} step */
async function attempt(name, step) {
  try {
    await step();
    return { ...emptyTally, passed: 1 };
  } catch (error) {
    progress.line(`FAILED ${name}\n${error.message}`);
    return { ...emptyTally, failed: 1 };
  }
}
