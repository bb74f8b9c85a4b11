import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { type Incident, openPeerClient, type PeerClient } from './client.ts';
import { addCounts, countRound, percentile, type RoundCount } from './count.ts';
import { createPeerDatabase, type PeerDatabase } from './database.ts';
import { installedVersion, type Progress } from './install.ts';
import { type Usage, USAGES } from './usages.ts';
import { startPeerWorker } from './worker.ts';

export interface PeerReport extends RoundCount {
  name: string;
  version: string;
  rounds: number;
  /** How often the program ended by itself; a client then starts it again. */
  crashes: number;
  /** No peer has any: what nobody decides waits for ever. */
  timers: 'none';
  /** Several at a time, first tries only. */
  pauseMs: { p50: number; p95: number };
  resumeMs: { p50: number; p95: number };
  notes: readonly string[];
}

export interface PeerDrill {
  /** A superuser's, on a server that the caller owns; the drill makes a database of its own there. */
  databaseUrl: string;
  random: SeededRandom;
  rounds: number;
  pending?: number;
  progress: Progress;
  /** Called in the middle of resuming, a restart of PostgreSQL for example. Resolves when everything is up again. */
  disturb?: () => Promise<void>;
  usages?: readonly Usage[];
}

interface Round {
  client: PeerClient;
  database: PeerDatabase;
  random: SeededRandom;
  prefix: string;
  pending: number;
  disturb: (() => Promise<void>) | undefined;
}

const KILL_WITHIN_MS = 30;

/** Approvals are parked and resumed while the program is killed in the middle of both, and then what happened is counted. `installPeers` comes first. */
export async function runPeerDrill({ databaseUrl, random, rounds, pending = 200, progress, disturb, usages = USAGES }: PeerDrill): Promise<PeerReport[]> {
  const database = await createPeerDatabase(databaseUrl);
  const reports: PeerReport[] = [];
  try {
    for (const usage of usages) {
      const { name, packages, notes, program, variant } = usage;
      const client = await openPeerClient(() => startPeerWorker({ program, variant, databaseUrl: database.url }));
      try {
        const results = [];
        for (let round = 0; round < rounds; round += 1) {
          progress.update(name, `round ${round + 1} of ${rounds}`);
          results.push(await runRound({ client, database, random, prefix: `${variant}-${round}-`, pending, disturb }));
        }
        reports.push({
          name,
          version: installedVersion(packages),
          rounds,
          ...results.map(({ counts }) => counts).reduce(addCounts),
          crashes: client.crashes(),
          timers: 'none',
          pauseMs: quantiles(results.flatMap(({ pauseMs }) => pauseMs)),
          resumeMs: quantiles(results.flatMap(({ resumeMs }) => resumeMs)),
          notes,
        });
      } finally {
        await client.close();
      }
    }
  } finally {
    progress.clear();
    // Where the server is gone as well, that is not what went wrong first.
    await database.drop().catch(() => undefined);
  }
  return reports;
}

async function runRound({ client, database, random, prefix, pending, disturb }: Round): Promise<{ counts: RoundCount; pauseMs: number[]; resumeMs: number[] }> {
  const threads = Array.from({ length: pending }, (_, index) => `${prefix}${index}`);
  const kill = (): Incident => {
    const delayMs = random.integer(0, KILL_WITHIN_MS);
    return { afterAnswers: random.integer(Math.ceil(pending * 0.1), Math.floor(pending * 0.9)), happen: () => sleep(delayMs).then(client.killWorker) };
  };
  const parked = await client.deliver('pause', threads, [kill()]);
  const disturbances = disturb === undefined ? [] : [{ afterAnswers: random.integer(1, Math.floor(pending * 0.9)), happen: disturb }];
  // Approvals arrive in no particular order.
  const approvals = threads
    .map((thread) => ({ thread, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ thread }) => thread);
  const resumed = await client.deliver('resume', approvals, [kill(), ...disturbances]);
  const firstTries = (answers: typeof parked): number[] =>
    [...answers.values()].filter(({ retried, outcome }) => !retried && outcome !== 'unknown').map(({ ms }) => ms);
  return { counts: countRound(new Set(parked.keys()), await database.effects(prefix)), pauseMs: firstTries(parked), resumeMs: firstTries(resumed) };
}

function quantiles(valuesMs: readonly number[]): { p50: number; p95: number } {
  return { p50: percentile(valuesMs, 0.5), p95: percentile(valuesMs, 0.95) };
}
