import { createProgress } from '../../../scripts/lib/progress.mjs';
import { openHouse } from '../../support/house.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { percentile } from '../peers/count.ts';
import { type PeerReport, runPeerDrill } from '../peers/drill.ts';
import { installPeers } from '../peers/install.ts';
import { compareLatencies, type Latencies } from './latency.ts';
import { type HitlRound, runHitlRound } from './round.ts';

export interface HitlDrillOptions {
  seed: number;
  rounds: number;
  pending: number;
  write: (line: string) => void;
}

/** `npm run chaos -- hitl`: our drill in as many seeded rounds, then the peers in the same machine and database server, then latencies turn by turn. Answers how many promises were broken. */
export async function runHitlDrill({ seed, rounds, pending, write }: HitlDrillOptions): Promise<number> {
  const progress = createProgress({ stream: process.stderr });
  const house = await openHouse();
  let broken = 0;
  try {
    write(`seed  ${COLUMNS.map(([title]) => title).join('  ')}  order of kills`);
    for (let round = 0; round < rounds; round += 1) {
      const result = await runHitlRound({ house, random: seededRandom(seed + round), pending });
      write([String(seed + round).padEnd(4), ...COLUMNS.map(([title, value]) => String(value(result)).padStart(title.length)), result.order].join('  '));
      for (const note of result.notes.slice(0, 5)) write(`      ${note}`);
      broken += brokenPromises(result);
    }
    const skipped = await installPeers(progress);
    if (skipped !== undefined) {
      write(`skipped ${skipped.names.join(', ')}: ${skipped.reason}`);
      return broken;
    }
    const restart = async (): Promise<void> => {
      await house.kill('postgres');
      await house.start('postgres');
    };
    // Other people's programs are drilled in fewer rounds: their losses are of every round.
    const peers = await runPeerDrill({
      databaseUrl: house.adminUrl,
      random: seededRandom(seed),
      rounds: Math.min(rounds, 3),
      pending,
      progress,
      disturb: restart,
    });
    for (const line of peerTable(peers)) write(line);
    const { ours, langgraph } = await compareLatencies(house, 100);
    for (const line of latencyTable({ ours, langgraph })) write(line);
    return broken;
  } finally {
    progress.clear();
    await house.close();
  }
}

const COLUMNS: readonly (readonly [title: string, value: (round: HitlRound) => number])[] = [
  ['pending', ({ pending }) => pending],
  ['lost', ({ lost }) => lost],
  ['decided twice', ({ decidedTwice }) => decidedTwice],
  ['consumed twice', ({ consumedTwice }) => consumedTwice],
  ['timers', ({ timers }) => timers],
  ['late', ({ lateTimers }) => lateTimers],
  ['worst ms', ({ worstTimerMs }) => worstTimerMs],
  ['chain findings', ({ chainFindings }) => chainFindings],
];

const brokenPromises = ({ lost, decidedTwice, consumedTwice, lateTimers, chainFindings, notes }: HitlRound): number =>
  lost + decidedTwice + consumedTwice + lateTimers + chainFindings + notes.length;

function peerTable(reports: readonly PeerReport[]): string[] {
  const columns = ['pending', 'lost', 'duplicatedEffects', 'decidedTwice', 'executedTwice', 'crashes'] as const;
  const width = Math.max(...reports.map(({ name, version }) => name.length + version.length + 1));
  return [
    '',
    `${'peer'.padEnd(width)}  ${columns.join('  ')}  pause p50/p95  resume p50/p95  timers`,
    ...reports.flatMap((report) => [
      [
        `${report.name} ${report.version}`.padEnd(width),
        ...columns.map((column) => String(report[column]).padStart(column.length)),
        `${report.pauseMs.p50}/${report.pauseMs.p95}`.padStart(13),
        `${report.resumeMs.p50}/${report.resumeMs.p95}`.padStart(14),
        report.timers,
      ].join('  '),
      ...report.notes.map((note) => `    ${note}`),
    ]),
  ];
}

function latencyTable(measured: Record<'ours' | 'langgraph', Latencies>): string[] {
  const quantiles = (ms: readonly number[]): string => `${percentile(ms, 0.5)} / ${percentile(ms, 0.95)} ms`;
  return [
    '',
    'one at a time, turn by turn (p50 / p95)',
    ...Object.entries(measured).map(([name, { pauseMs, resumeMs }]) => `  ${name.padEnd(10)} pause ${quantiles(pauseMs)}, resume ${quantiles(resumeMs)}`),
  ];
}
