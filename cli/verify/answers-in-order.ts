import type { BlockTask } from './block-task.ts';
import type { Threads } from './threads.ts';

/** Fewer leave threads without work while an answer of the other file is waited for. */
const A_THREAD = 4;

/** In the order of the tasks, with a few under way beyond the one that is waited for. */
export async function* answersInOrder<Answer, T>(
  threads: Threads,
  tasks: readonly BlockTask[],
  unpack: (answer: Answer) => T,
  onDone: (task: BlockTask) => void,
): AsyncGenerator<T> {
  const underWay: { task: BlockTask; answer: Promise<Answer> }[] = [];
  let at = 0;
  for (;;) {
    for (; at < tasks.length && underWay.length < A_THREAD * threads.count; at += 1) {
      const task = tasks[at] as BlockTask;
      const answer = threads.run<Answer>(task);
      // Told to whoever waits for it; until then it is nobody's.
      answer.catch(() => undefined);
      underWay.push({ task, answer });
    }
    const first = underWay.shift();
    if (first === undefined) return;
    yield unpack(await first.answer);
    onDone(first.task);
  }
}
