import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { runBlockTask } from './block-task.ts';
import type { BlockTask } from './block-task.ts';

/** A thread of `verify`: one answer to each task, in order. An error ends it, and the main thread with it. */
const files = new Map<string, Promise<FileHandle>>();

parentPort?.on('message', (task: BlockTask) => {
  void answer(task);
});

async function answer(task: BlockTask): Promise<void> {
  const file = files.get(task.file) ?? open(task.file);
  files.set(task.file, file);
  parentPort?.postMessage(await runBlockTask(task, await file));
}
