import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/**
 * Builds the bundle that workers load. Prebuilt on `npm run build`: building takes a second, and every worker of a release must run
 * the same code.
 */
export async function buildWorkflowBundle(): Promise<string> {
  const directory = join(import.meta.dirname, '..', 'workflows');
  const entry = ['all-workflows.js', 'all-workflows.ts'].map((name) => join(directory, name)).find((path) => existsSync(path));
  if (entry === undefined) throw new Error('the workflow sources are missing');
  // Every run evaluates the modules of the bundle anew; the SDK's own hold no state of a run, so they are evaluated once.
  const { code } = await bundleWorkflowCode({
    workflowsPath: entry,
    preloadModules: ['@temporalio/workflow'],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  return code;
}
