import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Anchor, AnchorRefused, AnchorUnavailable } from './anchor.ts';

export interface DirectoryAnchorOptions {
  name?: string;
  /** Must be there: a volume that is not mounted must not be written beside. */
  path: string;
}

/**
 * Files that are written once, in the layout of an object-lock bucket: `<origin>/checkpoint/<number, 12 digits>.note`. A file appears under its
 * name complete and synced, and whatever is there stays. Needs a file system with hard links.
 */
export function createDirectoryAnchor({ name = 'directory', path: root }: DirectoryAnchorOptions): Anchor {
  return {
    name,
    driver: 'directory',
    takes: 'every',
    async publish({ origin, number, note }) {
      const folders = foldersOf(origin);
      const file = [...folders, `${String(number).padStart(12, '0')}.note`].join('/');
      const holds = await retriable(async () => {
        if (!(await stat(root)).isDirectory()) throw new AnchorUnavailable('what should be a directory is none');
        await makeFolders(root, folders);
        return placeFile(join(root, ...folders), join(root, file), note);
      });
      if (!holds) throw new AnchorRefused('conflict', `${file} is there with another content`);
      return file;
    },
  };
}

/** False when a file of that name is there with another content. */
async function placeFile(folder: string, target: string, text: string): Promise<boolean> {
  // Hidden and of no known number: whoever reads the notes passes it over, also where a kill left it behind.
  const draft = join(folder, `.${randomBytes(8).toString('hex')}.draft`);
  try {
    const handle = await open(draft, 'wx', 0o444);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link is made or not: never over a file that is there, as a rename would be.
    await link(draft, target).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  // Also where it was there before: the try that made it may have died before this.
  await syncFolder(folder);
  return (await readFile(target)).equals(Buffer.from(text));
}

async function makeFolders(root: string, folders: readonly string[]): Promise<void> {
  const made = await mkdir(join(root, ...folders), { recursive: true });
  if (made === undefined) return;
  for (let depth = 0; depth <= folders.length; depth += 1) await syncFolder(join(root, ...folders.slice(0, depth)));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name is part of a path here, and a rewritten database may hold any name. */
function foldersOf(origin: string): string[] {
  const parts = origin.split('/');
  if (!parts.every((part) => /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/.test(part))) throw new AnchorRefused('rejected', 'the name of the log is no path');
  return [...parts, 'checkpoint'];
}

/** Full, read-only, not mounted: an operator can mend all of it. */
async function retriable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new AnchorUnavailable(`the directory cannot be written: ${code}`);
  }
}
