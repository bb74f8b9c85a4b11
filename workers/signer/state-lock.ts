import { readFileSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const own = ownText();
    try {
      await writeFile(file, own, { flag: 'wx', mode: 0o600 });
      return {
        async release() {
          if ((await readIfThere(file)) === own) await unlink(file);
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderIn(await readIfThere(file));
    if (holder !== null) return { holder };
    await unlink(file).catch(() => undefined);
  }
  throw new Error(`${file} cannot be taken: another start is happening at this moment`);
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
