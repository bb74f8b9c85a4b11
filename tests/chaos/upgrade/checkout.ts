import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot } from '../../../scripts/lib/paths.mjs';
import { isAlive, signalProcess, stopProcess } from '../../../scripts/lib/processes.mjs';
import { until } from '../../support/until.ts';

/** What `npm start` says of itself in `.mastguard/runtime.json`. */
export interface Installed {
  apiUrl: string;
  apiKey: string;
  ownerEmail: string;
  ownerPassword: string;
}

/** The project in a directory of its own, at one commit after the other, with the same data. */
export interface Checkout {
  /** Takes the files of a commit; what `npm start` has left stays. */
  to: (commit: string) => void;
  /** `npm start`; resolves when it serves. Rejects with the end of what it said where it does not within ten minutes. */
  start: () => Promise<Installed>;
  /** SIGKILL to everything that runs, at once. */
  kill: () => Promise<void>;
  /** As Ctrl-C does. */
  stop: () => Promise<void>;
  /** Runs a script of the project and answers what it printed. */
  run: (script: string) => string;
  close: () => Promise<void>;
}

const READY_WITHIN_MS = 600_000;

export function openCheckout(): Checkout {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-upgrade-'));
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  git('clone', '--quiet', repositoryRoot, '.');
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(directory, '.mastguard', name), 'utf8')) as T;
  /** The starter, and whatever it has started. */
  const pids = (): number[] => {
    try {
      return [read<{ pid: number }>('runtime.json').pid, ...read<{ pid: number }[]>('children.json').map(({ pid }) => pid)];
    } catch {
      return [];
    }
  };
  let starter = 0;

  const kill = async (): Promise<void> => {
    const all = [starter, ...pids()].filter((pid) => pid > 0 && isAlive(pid));
    for (const pid of all) signalProcess(pid, 'SIGKILL');
    await until(() => !all.some((pid) => isAlive(pid)));
    starter = 0;
    rmSync(join(directory, '.mastguard/runtime.json'), { force: true });
  };

  return {
    to: (commit) => void git('checkout', '--quiet', commit),
    async start() {
      const child = spawn('npm', ['start'], { cwd: directory, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
      starter = child.pid ?? 0;
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
      const endMs = Date.now() + READY_WITHIN_MS;
      // The last thing it says, after the sample session.
      while (!said.includes('Ctrl-C stops everything')) {
        if (child.exitCode !== null || Date.now() > endMs) throw new Error(`npm start has not come up: ${said}`);
        await sleep(200);
      }
      return read<Installed>('runtime.json');
    },
    kill,
    async stop() {
      await stopProcess(read<{ pid: number }>('runtime.json').pid, { signal: 'SIGINT', graceMs: 60_000 });
      starter = 0;
    },
    run: (script) => execFileSync('npm', ['run', '--silent', script], { cwd: directory, env: environment(), encoding: 'utf8' }),
    async close() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** As in a fresh terminal: nothing that leads it to servers or data of somebody else. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MASTGUARD_|TEMPORAL_|SIGNER_|PG|npm_)|DATABASE_URL$|PORT$/.test(name)));
