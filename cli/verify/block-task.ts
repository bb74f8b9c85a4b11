import type { FileHandle } from 'node:fs/promises';
import { openCheckpoints } from '../../core/ledger/verify/open-checkpoints.ts';
import type { CheckpointBatch, OpenCheckpoints } from '../../core/ledger/verify/open-checkpoints.ts';
import { readBodies } from '../../core/ledger/verify/read-bodies.ts';
import type { BodyBatch } from '../../core/ledger/verify/read-bodies.ts';
import type { Line } from '../../core/ledger/verify/split-lines.ts';
import type { FileBlock } from './file-block.ts';
import { readLines } from './file-block.ts';
import { nodePrimitives } from './node-primitives.ts';

/** Work on one block of a file that needs nothing of the others. */
export type BlockTask = { file: string; block: FileBlock } & ({ kind: 'bodies' } | { kind: 'checkpoints'; how: OpenCheckpoints });

/** What a thread does, or the main thread where there are none. */
export async function runBlockTask(task: BlockTask, file: FileHandle): Promise<BodyBatch | CheckpointBatch> {
  const lines: Line[] = [];
  for await (const batch of readLines(file, task.block)) for (const line of batch) lines.push(line);
  return task.kind === 'bodies' ? readBodies(lines, nodePrimitives.sha256Hex) : openCheckpoints(lines, task.how, nodePrimitives);
}
