import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {}, filter: 'OFF' } }, shutdownSignals: [] });

/** Workflows as they are, on a namespace of their own, with activities that the test plays. */
export interface Scene {
  client: Client;
  close: () => Promise<void>;
}

export async function openScene(taskQueue: string, activities: object): Promise<Scene> {
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  const codePath = process.env['TEST_WORKFLOW_BUNDLE'];
  if (address === undefined || codePath === undefined) throw new Error('this needs the servers of tests/support/global-setup.mjs');
  const namespace = `scene-${randomUUID()}`;
  const [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const worker = await Worker.create({ connection: native, namespace, taskQueue, workflowBundle: { codePath }, activities: { ...activities } });
  const running = worker.run();
  return {
    client: new Client({ connection, namespace }),
    async close() {
      worker.shutdown();
      await running;
      await Promise.all([connection.close(), native.close()]);
    },
  };
}
