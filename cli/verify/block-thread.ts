import { parentPort } from 'node:worker_threads';
import { createTaskRunner } from './block-task.ts';
import type { BlockTask } from './block-task.ts';

/** A thread of `verify`: one answer to each task, in order. An error ends it, and the main thread with it. */
const runner = createTaskRunner();

parentPort?.on('message', (task: BlockTask) => {
  void answer(task);
});

async function answer(task: BlockTask): Promise<void> {
  parentPort?.postMessage(await runner.run(task));
}
