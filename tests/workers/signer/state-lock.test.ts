import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askToStandAside, asksToStandAside, takeStateLock } from '../../../workers/signer/state-lock.ts';
import { startLockRace } from '../../support/lock-race.ts';
import { newStateDirectory, removeStateDirectories } from '../../support/signer-turns.ts';

afterAll(removeStateDirectories);

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('a state directory has one holder, and is free when that lets go', async () => {
  const directory = newStateDirectory();
  const lock = await takeStateLock(directory);
  expect(await takeStateLock(directory)).toEqual({ holder: process.pid });
  if (!('release' in lock)) throw new Error('the lock was not free');
  await lock.release();
  expect(existsSync(join(directory, 'signer.pid'))).toBe(false);
  expect(await takeStateLock(directory)).toHaveProperty('release');
});

test.each<[string, () => Promise<string>]>([
  ['of a process that has ended', async () => `${await endedProcess()} 1\n`],
  ['of a process whose id another one has now', () => Promise.resolve(`${process.pid} 1\n`)],
  ['that was cut off while it was written', () => Promise.resolve('')],
  ['of which nothing can be made', () => Promise.resolve('a lock\n')],
])('a lock %s is taken over', async (_, text) => {
  const directory = newStateDirectory();
  const file = join(directory, 'signer.pid');
  writeFileSync(file, await text());
  const lock = await takeStateLock(directory);
  expect(lock).toHaveProperty('release');
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
});

test('of processes that find the lock of one that has ended, one takes it over', async () => {
  const ended = await endedProcess();
  const module = new URL('../../../workers/signer/state-lock.ts', import.meta.url).href;
  const { race, stop } = await startLockRace(`async (directory) => {
    const lock = await (await import('${module}')).takeStateLock(directory);
    return 'release' in lock ? lock.release : null;
  }`);
  try {
    for (let round = 0; round < 30; round += 1) {
      const directory = newStateDirectory();
      writeFileSync(join(directory, 'signer.pid'), `${ended} 1\n`);
      expect(await race(directory)).toBe(1);
      expect(readdirSync(directory)).toEqual([]);
    }
  } finally {
    await stop();
  }
});

test('one that was killed while it took a lock over holds nobody up', async () => {
  const directory = newStateDirectory();
  const ended = await endedProcess();
  for (const name of ['signer.pid', 'signer.pid.turn']) writeFileSync(join(directory, name), `${ended} 1\n`);
  expect(await takeStateLock(directory)).toHaveProperty('release');
  expect(readdirSync(directory)).toEqual(['signer.pid']);
});

test("a lock that another has taken over meanwhile is not let go with one's own", async () => {
  const directory = newStateDirectory();
  const lock = await takeStateLock(directory);
  writeFileSync(join(directory, 'signer.pid'), '1 1\n');
  if ('release' in lock) await lock.release();
  expect(existsSync(join(directory, 'signer.pid'))).toBe(true);
});

test('whoever asks the signer to stand aside is heard by others, as long as it lives', async () => {
  const directory = newStateDirectory();
  expect(await asksToStandAside(directory)).toBeNull();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  writeFileSync(join(directory, 'maintenance.pid'), `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}\n`);
  expect(await asksToStandAside(directory)).toBe(pid);
  expect(await askToStandAside(directory)).toEqual({ holder: pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await asksToStandAside(directory)).toBeNull();
  expect(await askToStandAside(directory)).toHaveProperty('withdraw');
});
