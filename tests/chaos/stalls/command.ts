import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { seededRandom, type SeededRandom } from '../../support/seeded-random.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
/** How long the list of processes is taken for true. */
const LISTED_MS = 2_000;

/**
 * Runs `npm test` while its processes, servers included, are stopped for up to `mostMs` at a time, some or all of them at once, as on a host that has too much to
 * do. Slowness may make a test slower, and never fail it. Answers the exit code of the tests.
 */
export async function runStalled({ files, seed, mostMs }: { files: readonly string[]; seed: number; mostMs: number }): Promise<number> {
  const tests = spawn(process.execPath, [join(REPOSITORY, 'scripts/test.mjs'), ...files], { cwd: REPOSITORY, stdio: 'inherit' });
  const exit = once(tests, 'exit') as Promise<[number | null]>;
  const over = exit.then(() => true);
  const stopped = new Set<number>();
  const goOn = (): void => {
    for (const pid of stopped) signal(pid, 'SIGCONT');
    stopped.clear();
  };
  // Also where this process is told to end: nothing must stay stopped.
  process.once('exit', goOn);
  const random = seededRandom(seed);
  let listed: number[] = [];
  let listedMs = 0;
  for (;;) {
    if (Date.now() - listedMs > LISTED_MS) {
      listed = await descendantsOf(tests.pid ?? 0);
      listedMs = Date.now();
    }
    for (const pid of chosen(listed, random)) if (signal(pid, 'SIGSTOP')) stopped.add(pid);
    await sleep(random.integer(10, mostMs));
    goOn();
    if (await Promise.race([over, sleep(random.integer(20, 400), false)])) break;
  }
  const [code] = await exit;
  return code ?? 1;
}

/** One in twelve times all of them, otherwise up to four. */
function chosen(pids: readonly number[], random: SeededRandom): readonly number[] {
  if (pids.length === 0 || random.integer(1, 12) === 1) return pids;
  return Array.from({ length: random.integer(1, 4) }, () => pids[random.integer(0, pids.length - 1)] ?? 0);
}

async function descendantsOf(root: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const found = new Set([root]);
  // A parent may be listed behind its child, where ids have begun anew.
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [pid = 0, parent = 0] of pairs) if (pid !== 0 && found.has(parent)) found.add(pid);
  }
  found.delete(root);
  return [...found];
}

/** False where there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
