import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/lib/build.mjs';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { openHouse } from '../support/house.ts';
import { seededRandom, type SeededRandom } from '../support/seeded-random.ts';
import type { Drill, DrillReport } from './drill.ts';
import { runHitlDrill } from './hitl/command.ts';
import { runLedgerCommand } from './ledger/command.ts';
import { killApi, readOnlyLedger, restartPostgres, restartTemporal } from './outages.ts';
import { pendingReviews } from './pending-reviews.ts';
import { runStalled } from './stalls/command.ts';
import { runUpgradeDrill } from './upgrade/command.ts';

const SUITES: Record<string, readonly Drill[]> = {
  core: [killApi, restartPostgres, restartTemporal, pendingReviews, readOnlyLedger],
  kill: [killApi],
  postgres: [restartPostgres],
  temporal: [restartTemporal],
  reviews: [pendingReviews],
  'read-only': [readOnlyLedger],
};
const COLUMNS = [
  'posted',
  'acknowledged',
  'recorded',
  'doubled',
  'lost',
  'disagreeing',
  'stuck',
  'chainFindings',
  'unexpected',
  'broken',
  'unavailable',
  'worst503Ms',
] as const;

/**
 * `npm run chaos -- core [--seed n] [--rounds n]`: the drills in an order that the seed sets; exit code 1 when any promise was broken.
 * `npm run chaos -- ledger [--seed n] [--rounds 1] [--seconds 60]`: writers and outside readers of one ledger, without and with kills.
 * `npm run chaos -- hitl [--seed n] [--rounds 10] [--pending 200]`: reviews that wait through kills of every part, beside what others make of it.
 * `npm run chaos -- upgrade --from COMMIT`: an installation of that commit is killed, and started again with what is committed now.
 * `npm run chaos -- stalls [FILE…] [--seed n] [--most 1000]`: the test suite, or some files of it, while its processes are stopped for up to so many milliseconds.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string' },
    pending: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    from: { type: 'string', default: '' },
    most: { type: 'string', default: '1000' },
  },
});
const COMMANDS: Record<string, () => Promise<number>> = { hitl, ledger, upgrade, stalls };
const command = COMMANDS[positionals[0] ?? ''];
const drills = SUITES[positionals[0] ?? ''] ?? (command === undefined ? undefined : []);
const seed = Number(values.seed ?? randomInt(1_000_000));
const rounds = Number(values.rounds ?? (positionals[0] === 'hitl' ? 10 : 1));
const pending = Number(values.pending);
const seconds = Number(values.seconds);
const mostMs = Number(values.most);
if (
  drills === undefined ||
  positionals.length === 0 ||
  (positionals.length > 1 && positionals[0] !== 'stalls') ||
  !Number.isInteger(seed) ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  !Number.isInteger(pending) ||
  pending < 1 ||
  !(seconds > 0) ||
  !Number.isInteger(mostMs) ||
  mostMs < 10 ||
  (positionals[0] === 'upgrade') === (values.from === '')
) {
  process.stderr.write(`usage: npm run chaos -- ${[...Object.keys(SUITES), ...Object.keys(COMMANDS)].join('|')} [--seed n] [--rounds n] [--from COMMIT]\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const violations = command === undefined ? await run(drills) : await command();
process.exit(violations === 0 ? 0 : 1);

async function hitl(): Promise<number> {
  process.stdout.write(`seed ${seed}\n`);
  await build(createProgress({ stream: process.stderr }));
  const broken = await runHitlDrill({ seed, rounds, pending, write: (line) => void process.stdout.write(`${line}\n`) });
  process.stdout.write(`\nseed ${seed}: ${rounds} rounds, ${broken} broken promises\n`);
  return broken;
}

async function ledger(): Promise<number> {
  process.stdout.write(`seed ${seed}\n`);
  await build(createProgress({ stream: process.stderr }));
  const broken = await runLedgerCommand({ seed, rounds, seconds, write: (line) => void process.stdout.write(`${line}\n`) });
  process.stdout.write(`\nseed ${seed}: ${broken} broken promises\n`);
  return broken;
}

async function upgrade(): Promise<number> {
  const broken = await runUpgradeDrill({ from: values.from, write: (line) => void process.stdout.write(`${line}\n`) });
  process.stdout.write(`\n${broken} broken promises\n`);
  return broken;
}

function stalls(): Promise<number> {
  process.stdout.write(`seed ${seed}\n`);
  return runStalled({ files: positionals.slice(1), seed, mostMs });
}

async function run(suite: readonly Drill[]): Promise<number> {
  const random = seededRandom(seed);
  process.stdout.write(`seed ${seed}\n`);
  await build(createProgress({ stream: process.stderr }));
  const house = await openHouse();
  const reports: DrillReport[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const drill of shuffled(suite, random)) {
        const startMs = Date.now();
        const report = await drill.run(house, random);
        process.stdout.write(`${report.violations.length === 0 ? 'passed' : 'FAILED'}  ${drill.name} (${Math.round((Date.now() - startMs) / 1_000)} s)\n`);
        for (const violation of report.violations) process.stdout.write(`        ${violation}\n`);
        reports.push(report);
      }
    }
  } finally {
    await house.close();
  }
  printTable(reports);
  const broken = reports.reduce((sum, { violations: found }) => sum + found.length, 0);
  process.stdout.write(`\nseed ${seed}: ${reports.length} drills, ${broken} violations\n`);
  return broken;
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function printTable(reports: readonly DrillReport[]): void {
  const width = Math.max(...reports.map(({ name }) => name.length));
  process.stdout.write(`\n${['drill'.padEnd(width), ...COLUMNS].join('  ')}\n`);
  for (const { name, audit } of reports)
    process.stdout.write(`${[name.padEnd(width), ...COLUMNS.map((column) => String(audit[column]).padStart(column.length))].join('  ')}\n`);
}
