import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from './durable-file.ts';

/** Process id and the moment its process began, so that a later process with the same id is not taken for it. */
const ownText = (): string => `${process.pid} ${startOf(process.pid) ?? ''}\n`;

/** One process works on a state directory at a time. Answers how to let go, or the process that has it. */
export function takeStateLock(directory: string): Promise<{ release: () => Promise<void> } | { holder: number }> {
  return takeLockFile(join(directory, 'signer.pid'));
}

/** Asks whoever signs here to stand aside until `withdraw`, or until this process has ended. */
export async function askToStandAside(directory: string): Promise<{ withdraw: () => Promise<void> } | { holder: number }> {
  const lock = await takeLockFile(join(directory, 'maintenance.pid'));
  return 'holder' in lock ? lock : { withdraw: lock.release };
}

/** The process that asks the signer of this directory to stand aside; null where none does. */
export async function asksToStandAside(directory: string): Promise<number | null> {
  const holder = holderIn(await readIfThere(join(directory, 'maintenance.pid')));
  return holder !== null && holder !== process.pid ? holder : null;
}

async function takeLockFile(file: string): Promise<{ release: () => Promise<void> } | { holder: number }> {
  const own = ownText();
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await createWhole(file, own)) {
      return {
        async release() {
          if ((await readIfThere(file)) === own) await unlink(file);
        },
      };
    }
    const holder = holderIn(await readIfThere(file));
    if (holder !== null) return { holder };
    if (!(await removeLeft(file))) await sleep(10 + Math.random() * 20);
  }
  throw new Error(`${file} cannot be taken: other starts are happening at this moment`);
}

/**
 * Removes the lock of a process that has ended. One process at a time, and it looks again: otherwise a slower one would remove the lock that a faster one
 * has taken meanwhile. Answers false where it is another one's turn.
 */
async function removeLeft(file: string): Promise<boolean> {
  const turn = `${file}.turn`;
  if (!(await createWhole(turn, ownText()))) {
    const text = await readIfThere(turn);
    // Killed in its turn.
    if (text !== undefined && holderIn(text) === null) await unlink(turn).catch(() => undefined);
    return false;
  }
  try {
    const text = await readIfThere(file);
    if (text !== undefined && holderIn(text) === null) await unlink(file);
  } finally {
    await unlink(turn);
  }
  return true;
}

/** Nobody sees it half-written. Answers false where there is one. */
async function createWhole(file: string, text: string): Promise<boolean> {
  const neighbour = `${file}.${randomUUID()}`;
  try {
    await writeFile(neighbour, text, { flag: 'wx', mode: 0o600 });
    await link(neighbour, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await unlink(neighbour).catch(() => undefined);
  }
}

/** The live process that a lock file names; null where it has ended, or its id was given to another one since. */
function holderIn(text: string | undefined): number | null {
  const [id = '', start = ''] = (text ?? '').trim().split(' ');
  const pid = Number(id);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return null;
  return start === (startOf(pid) ?? '') ? pid : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks since boot at which a process began; undefined where the system has no /proc, or the process has ended and waits to be reaped. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, parentheses and spaces included.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
