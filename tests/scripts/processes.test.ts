import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLockRace } from '../support/lock-race.ts';

const processesSource: string = '../../scripts/lib/processes.mjs';
const lockSource: string = '../../scripts/lib/process-lock.mjs';
const childSource: string = '../../scripts/lib/child.mjs';
const {
  commandLineOf,
  isAlive,
  stopProcess,
}: {
  readonly commandLineOf: (pid: number) => string;
  readonly isAlive: (pid: number) => boolean;
  readonly stopProcess: (pid: number, options: { graceMs: number }) => Promise<void>;
} = await import(processesSource);
const { takeLock }: { readonly takeLock: (file: string) => () => void } = await import(lockSource);
const { stopLeftovers }: { readonly stopLeftovers: (recordFile: string) => Promise<string[]> } = await import(childSource);

const directory = mkdtempSync(join(tmpdir(), 'mastguard-processes-'));
const waiting = ['-e', 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)', 'marker'];

const entry = (name: string, pid: number, args: string) => ({ name, pid, args, signal: 'SIGKILL' });

/** A child that ignores SIGTERM, once it does. */
async function stubborn(): Promise<number> {
  const child = spawn(process.execPath, waiting, { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((settle) => child.stdout.once('data', settle));
  if (child.pid === undefined) throw new Error('not started');
  return child.pid;
}

afterAll(() => rmSync(directory, { recursive: true }));

test('a process that ignores the polite signal is killed after its grace', async () => {
  const pid = await stubborn();
  expect(isAlive(pid)).toBe(true);
  await stopProcess(pid, { graceMs: 200 });
  expect(isAlive(pid)).toBe(false);
});

test('a recorded process id that now belongs to a stranger is left alone, a real leftover is stopped', async () => {
  const [stranger, leftover] = [await stubborn(), await stubborn()];
  const record = join(directory, 'children.json');
  writeFileSync(record, JSON.stringify([entry('stranger', stranger, 'server start-dev'), entry('leftover', leftover, waiting.join(' '))]));
  expect(await stopLeftovers(record)).toEqual(['leftover']);
  expect([isAlive(stranger), isAlive(leftover)]).toEqual([true, false]);
  await stopProcess(stranger, { graceMs: 0 });
});

test('a lock held by a live process is refused, one left by a dead process or a stranger is taken over', async () => {
  const lock = join(directory, 'start.pid');
  const holder = await stubborn();
  writeFileSync(lock, `${holder}\n${commandLineOf(holder)}\n`);
  expect(() => takeLock(lock)).toThrow(`already runs here as process ${holder}`);
  writeFileSync(lock, `${holder}\nsomething else\n`);
  takeLock(lock)();
  writeFileSync(lock, `${holder}\n${commandLineOf(holder)}\n`);
  await stopProcess(holder, { graceMs: 0 });
  const release = takeLock(lock);
  release();
  expect(() => takeLock(lock)()).not.toThrow();
});

test('of processes that find the lock of one that is gone, one takes it over', async () => {
  const gone = await stubborn();
  await stopProcess(gone, { graceMs: 0 });
  const module = new URL(lockSource, import.meta.url).href;
  const { race, stop } = await startLockRace(`async (file) => {
    const { takeLock } = await import('${module}');
    try { return takeLock(file); } catch (error) { if (/already runs here/.test(error.message)) return null; throw error; }
  }`);
  try {
    for (let round = 0; round < 30; round += 1) {
      const own = mkdtempSync(join(directory, 'race-'));
      const lock = join(own, 'start.pid');
      writeFileSync(lock, `${gone}\n${waiting.join(' ')}\n`);
      expect(await race(lock)).toBe(1);
      expect(readdirSync(own)).toEqual([]);
    }
    const left = join(directory, 'left.pid');
    for (const file of [left, `${left}.turn`]) writeFileSync(file, `${gone}\nanything\n`);
    expect(() => takeLock(left)()).not.toThrow();
  } finally {
    await stop();
  }
});
