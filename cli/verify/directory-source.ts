import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportSource, LinesFile } from '../../core/ledger/verify/export-source.ts';
import type { CheckpointBatch } from '../../core/ledger/verify/open-checkpoints.ts';
import { decodeUtf8 } from '../../core/ledger/verify/split-lines.ts';
import type { Line } from '../../core/ledger/verify/split-lines.ts';
import { answersInOrder } from './answers-in-order.ts';
import type { BlockTask } from './block-task.ts';
import { blocksOf, readLines } from './file-block.ts';
import type { FileBlock } from './file-block.ts';
import { unpackBodies, unpackEntries } from './packed-batch.ts';
import { createReadProgress } from './read-progress.ts';
import { startThreads, threadCount, useMainThread } from './threads.ts';
import type { Threads } from './threads.ts';

export interface DirectoryOptions {
  directory: string;
  /** Default: `receipts.ndjson` in the directory, where it is there. */
  receipts?: string | undefined;
  /** Default: `anchors/` in the directory, where it is there. */
  anchors?: string | undefined;
  /** Of entries and bodies: which share has been read, and how many bytes. */
  onProgress?: (share: number, bytes: number) => void;
  /** 0: none, however large the files are. */
  threads?: number;
}

export interface DirectorySource extends ExportSource {
  close(): Promise<void>;
}

const BLOCK_BYTES = 2 * 1_048_576;
/** What is smaller is read in the time that threads take to start. */
const THREADS_FROM_BYTES = 16 * 1_048_576;
const TAIL_BYTES = 4 * 1_048_576;

/** An export in a directory. Large files are cut into blocks, which threads read. @throws where the directory or a file in it cannot be read */
export async function openDirectory({
  directory,
  receipts = join(directory, 'receipts.ndjson'),
  anchors = join(directory, 'anchors'),
  onProgress = () => undefined,
  threads: most = threadCount(),
}: DirectoryOptions): Promise<DirectorySource> {
  await readdir(directory);
  const pathOf = (file: LinesFile): string => (file === 'receipts.ndjson' ? receipts : join(directory, file));
  const entriesBytes = (await sizeOf(pathOf('entries.ndjson'))) ?? 0;
  const bodiesBytes = (await sizeOf(pathOf('bodies.ndjson'))) ?? 0;
  const progress = createReadProgress(entriesBytes + bodiesBytes, onProgress);
  const mainThread = useMainThread();
  const isForThreads = (bytes: number): boolean => bytes >= THREADS_FROM_BYTES && most > 0;
  // From the start, so that they are ready when the checkpoints have been read.
  let threads: Threads | undefined = isForThreads(Math.max(entriesBytes, bodiesBytes)) ? startThreads(most) : undefined;

  async function* linesIn(file: LinesFile, block: FileBlock): AsyncGenerator<Line[]> {
    const handle = await open(pathOf(file));
    try {
      for await (const lines of readLines(handle, block, (bytes) => progress.read(file, bytes))) yield lines;
    } finally {
      await handle.close();
    }
  }

  /** Undefined where there is no such file. */
  async function inBlocks<Answer, T>(
    file: LinesFile,
    taskOf: (block: FileBlock) => BlockTask,
    unpack: (answer: Answer) => T,
  ): Promise<AsyncIterable<T> | undefined> {
    const bytes = await sizeOf(pathOf(file));
    if (bytes === undefined) return undefined;
    const tasks = blocksOf(bytes, BLOCK_BYTES).map(taskOf);
    if (isForThreads(bytes)) threads ??= startThreads(most);
    return answersInOrder(isForThreads(bytes) && threads !== undefined ? threads : mainThread, tasks, unpack, ({ block }) => progress.read(file, block.end));
  }

  return {
    async text(file) {
      const bytes = await readIfThere(join(directory, file));
      return bytes === undefined ? undefined : decodeUtf8(bytes);
    },
    async lines(file) {
      const bytes = await sizeOf(pathOf(file));
      return bytes === undefined ? undefined : linesIn(file, { start: 0, end: bytes });
    },
    entries: (org) => inBlocks('entries.ndjson', (block) => ({ kind: 'entries', file: pathOf('entries.ndjson'), block, org }), unpackEntries),
    bodies: () => inBlocks('bodies.ndjson', (block) => ({ kind: 'bodies', file: pathOf('bodies.ndjson'), block }), unpackBodies),
    checkpoints: (how) =>
      inBlocks(
        'checkpoints.ndjson',
        (block) => ({ kind: 'checkpoints', file: pathOf('checkpoints.ndjson'), block, how }),
        (answer: CheckpointBatch) => answer,
      ),
    async lastBodies() {
      if (bodiesBytes === 0) return [];
      const handle = await open(pathOf('bodies.ndjson'));
      const lines: Line[] = [];
      try {
        for await (const batch of readLines(handle, { start: Math.max(0, bodiesBytes - TAIL_BYTES), end: bodiesBytes }))
          for (const line of batch) lines.push(line);
      } finally {
        await handle.close();
      }
      return lines;
    },
    async anchors() {
      const names = (await isDirectory(anchors)) ? await readdir(anchors) : [];
      const read: { name: string; note: string | undefined }[] = [];
      // One after the other: there may be more than a process may have files open.
      for (const name of names.filter((each) => each.endsWith('.note'))) {
        const bytes = await readIfThere(join(anchors, name));
        if (bytes !== undefined) read.push({ name, note: decodeUtf8(bytes) });
      }
      return read;
    },
    async close() {
      await Promise.all([threads?.stop(), mainThread.stop()]);
    },
  };
}

/** Undefined where there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await statIfThere(path);
  return found?.isFile() === true ? found.size : undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await statIfThere(path))?.isDirectory() === true;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return (await sizeOf(path)) === undefined ? undefined : readFile(path);
}

async function statIfThere(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
