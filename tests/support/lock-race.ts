import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const PROCESSES = 4;

/**
 * Processes that take a lock at the same time, round after round.
 *
 * @param take JavaScript of an async function: gets the path of the round, answers how to let go, or null where another process has the lock
 */
export async function startLockRace(take: string): Promise<{
  /** How many of them have got it. All of them have let go when it answers. */
  race: (path: string) => Promise<number>;
  stop: () => Promise<void>;
}> {
  const script = `
    const take = ${take};
    let release = null;
    process.on('message', async (path) => {
      if (path === null) await release?.();
      else release = await take(path);
      process.send(release !== null);
    });
    process.send('ready');`;
  const children = Array.from({ length: PROCESSES }, () => {
    const child = fork('-', [], { execArgv: ['--import', 'tsx', '--input-type=module', '--eval', script] });
    const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with ${String(code)}`)));
    exited.catch(() => undefined);
    return { child, exited };
  });
  const each = (ask?: (child: ChildProcess) => void): Promise<unknown[]> =>
    Promise.all(
      children.map(async ({ child, exited }) => {
        const answered = new Promise((resolve) => child.once('message', resolve));
        ask?.(child);
        return Promise.race([answered, exited]);
      }),
    );
  await each();
  return {
    async race(path) {
      const got = await each((child) => child.send(path));
      await each((child) => child.send(null as never));
      return got.filter((has) => has === true).length;
    },
    async stop() {
      for (const { child } of children) child.kill('SIGKILL');
      await Promise.allSettled(children.map(({ exited }) => exited));
    },
  };
}
