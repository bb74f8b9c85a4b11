import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The few calls that make a file durable, one by one, so that each of them can be made to fail. */
export interface DurableFs {
  /** Creates the file, readable by its owner alone; the handle must be closed. */
  create: (file: string) => Promise<DurableHandle>;
  rename: (from: string, to: string) => Promise<void>;
  syncDirectory: (directory: string) => Promise<void>;
}

export interface DurableHandle {
  write: (text: string) => Promise<void>;
  sync: () => Promise<void>;
  close: () => Promise<void>;
}

export const durableFs: DurableFs = {
  async create(file) {
    const handle = await open(file, 'w', 0o600);
    return { write: (text) => handle.writeFile(text), sync: () => handle.sync(), close: () => handle.close() };
  },
  rename,
  async syncDirectory(directory) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/**
 * Replaces a file so that after a crash it holds the old text or the new one, whole. The new name itself is durable only
 * after `syncDirectory`, which the caller runs once for all files of a directory.
 */
export async function replaceFile(fs: DurableFs, file: string, text: string): Promise<void> {
  const neighbour = `${file}.new`;
  try {
    const handle = await fs.create(neighbour);
    try {
      await handle.write(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(neighbour, file);
  } catch (error) {
    // On a full disk the half-written neighbour is the first thing to go.
    await unlink(neighbour).catch(() => undefined);
    throw error;
  }
}

/** Replaces one file and makes its name durable. */
export async function replaceFileDurably(fs: DurableFs, file: string, text: string): Promise<void> {
  await replaceFile(fs, file, text);
  await fs.syncDirectory(dirname(file));
}

/** Undefined when there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function makePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}
