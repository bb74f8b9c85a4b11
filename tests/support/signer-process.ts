import { durableFs } from '../../workers/signer/durable-file.ts';
import { openTurns } from './signer-turns.ts';

/**
 * `<database URL> <state directory> <n>`: signs whatever is unsigned, and kills itself outright
 * before the n-th call that makes its state durable. Ends with code 0 where it has signed before that.
 */
const [, , adminUrl = '', directory = '', last = ''] = process.argv;
let left = Number(last);

async function orDie<T>(call: () => Promise<T>): Promise<T> {
  left -= 1;
  if (left > 0) return call();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

const turns = await openTurns(adminUrl, {
  directory,
  fs: {
    async create(file) {
      const handle = await orDie(() => durableFs.create(file));
      return { write: (text) => orDie(() => handle.write(text)), sync: () => orDie(() => handle.sync()), close: () => handle.close() };
    },
    rename: (from, to) => orDie(() => durableFs.rename(from, to)),
    syncDirectory: (of) => orDie(() => durableFs.syncDirectory(of)),
  },
});
const report = await turns.tick();
process.stdout.write(`${JSON.stringify(report)}\n`);
await turns.close();
