import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { bare } from './bare-workflow.ts';
import { closedLoop, openLoop } from './load.ts';

// One process of the yardstick: a worker and its callers on one connection, as the product has them.
// Reads one JSON command a line: {eager, clients?, perSec?, seconds}; answers one JSON result a line.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const workflowsPath = join(import.meta.dirname, 'bare-workflow.ts');
const connection = await NativeConnection.connect({ address: process.argv[2] ?? '', grpcCompression: { codec: 'none' } });
const client = new Client({ connection });
const taskQueue = `bare-${randomUUID()}`;
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: quiet }),
  maxCachedWorkflows: 500,
  maxConcurrentWorkflowTaskExecutions: 100,
  nonStickyToStickyPollRatio: 0.5,
});
const running = worker.run();
process.stdout.write('ready\n');

for await (const line of createInterface({ input: process.stdin })) {
  const { eager, clients, perSec, seconds } = JSON.parse(line) as { eager: boolean; clients?: number; perSec?: number; seconds: number };
  const call = (): Promise<unknown> => client.workflow.execute<typeof bare>('bare', { taskQueue, workflowId: randomUUID(), requestEagerStart: eager });
  const result = perSec === undefined ? await closedLoop(call, { clients: clients ?? 1, seconds }) : await openLoop(call, { perSec, seconds });
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
worker.shutdown();
await running;
await connection.close();
