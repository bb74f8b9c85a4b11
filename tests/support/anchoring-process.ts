import { createAnchorActivities } from '../../activities/anchor-checkpoints.ts';
import type { Anchor, ShownCheckpoint } from '../../activities/anchors/anchor.ts';
import { createDirectoryAnchor } from '../../activities/anchors/directory-anchor.ts';
import { openDatabase } from '../../db/client.ts';

/** What this process is to do: its one argument, as JSON. */
export type AnchoringTask =
  /** Write one checkpoint; says on standard output what came of it. */
  | { directory: string; checkpoint: ShownCheckpoint }
  /** Show everything that waits, a line of output for each; die by SIGKILL after so many files, before they are recorded. */
  | { directory: string; databaseUrl: string; dieAfter: number | null };

const task = JSON.parse(process.argv[2] ?? '') as AnchoringTask;
const directory = createDirectoryAnchor({ path: task.directory });
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

if ('checkpoint' in task) {
  await directory.publish(task.checkpoint).then(say, (error: Error) => say(`${error.name}: ${error.message}`));
} else {
  const { databaseUrl, dieAfter } = task;
  let written = 0;
  const mortal: Anchor = {
    ...directory,
    async publish(checkpoint) {
      const receipt = await directory.publish(checkpoint);
      written += 1;
      say(receipt);
      if (written === dieAfter) process.kill(process.pid, 'SIGKILL');
      return receipt;
    },
  };
  const sql = openDatabase({ url: databaseUrl, maxConnections: 1, connectTimeoutMs: 10_000 });
  const report = { state: () => undefined, unavailable: () => undefined, refused: () => undefined };
  // Small pages: kills fall before and after some of them are recorded.
  const activities = createAnchorActivities({ sql, anchors: [mortal], report, pageSize: 20, perLog: 20 });
  while ((await activities.publishToAnchor({ anchor: directory.name })).more);
  await sql.end({ timeout: 1 });
}
