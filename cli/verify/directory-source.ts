import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportSource, LinesFile } from '../../core/ledger/verify/export-source.ts';
import type { CheckpointBatch } from '../../core/ledger/verify/open-checkpoints.ts';
import type { BodyBatch } from '../../core/ledger/verify/read-bodies.ts';
import { decodeUtf8 } from '../../core/ledger/verify/split-lines.ts';
import type { Line } from '../../core/ledger/verify/split-lines.ts';
import type { BlockTask } from './block-task.ts';
import { blocksOf, readLines } from './file-block.ts';
import type { FileBlock } from './file-block.ts';
import { createReadProgress } from './read-progress.ts';
import { startThreads, threadCount } from './threads.ts';
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
  let threads: Threads | undefined;

  async function* linesIn(file: LinesFile, block: FileBlock): AsyncGenerator<Line[]> {
    const handle = await open(pathOf(file));
    try {
      for await (const lines of readLines(handle, block, (bytes) => progress.read(file, bytes))) yield lines;
    } finally {
      await handle.close();
    }
  }

  /** Undefined where it is not worth threads. */
  async function inThreads<T>(file: LinesFile, taskOf: (block: FileBlock) => BlockTask): Promise<AsyncIterable<T> | undefined> {
    const bytes = await sizeOf(pathOf(file));
    if (bytes === undefined || bytes < THREADS_FROM_BYTES || most === 0) return undefined;
    threads ??= startThreads(most);
    return answersOf<T>(threads, blocksOf(bytes, BLOCK_BYTES).map(taskOf), ({ block }) => progress.read(file, block.end));
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
    bodies: () => inThreads<BodyBatch>('bodies.ndjson', (block) => ({ kind: 'bodies', file: pathOf('bodies.ndjson'), block })),
    checkpoints: (how) =>
      inThreads<CheckpointBatch>('checkpoints.ndjson', (block) => ({ kind: 'checkpoints', file: pathOf('checkpoints.ndjson'), block, how })),
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
      const read = names
        .filter((name) => name.endsWith('.note'))
        .map(async (name) => {
          const bytes = await readIfThere(join(anchors, name));
          return bytes === undefined ? [] : [{ name, note: decodeUtf8(bytes) }];
        });
      return (await Promise.all(read)).flat();
    },
    async close() {
      await threads?.stop();
    },
  };
}

/** In the order of the tasks, with a few under way beyond the one that is waited for. */
async function* answersOf<T>(threads: Threads, tasks: readonly BlockTask[], onDone: (task: BlockTask) => void): AsyncGenerator<T> {
  const underWay: { task: BlockTask; answer: Promise<T> }[] = [];
  let at = 0;
  for (;;) {
    for (; at < tasks.length && underWay.length < 2 * threads.count; at += 1) {
      const task = tasks[at] as BlockTask;
      const answer = threads.run<T>(task);
      // Told to whoever waits for it; until then it is nobody's.
      answer.catch(() => undefined);
      underWay.push({ task, answer });
    }
    const first = underWay.shift();
    if (first === undefined) return;
    yield await first.answer;
    onDone(first.task);
  }
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
