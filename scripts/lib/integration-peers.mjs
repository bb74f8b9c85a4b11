import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { repositoryRoot } from './paths.mjs';

/**
 * In CI the tests with the frameworks and clients of others must run, so these are installed there. Anywhere else nothing is installed unasked (`npm run
 * conformance` does it); the tests are then skipped by name.
 * @param {ReturnType<typeof import('./progress.mjs').createProgress>} progress
 */
export async function ensureIntegrationPeers(progress, env = process.env) {
  if (!env.CI) return;
  try {
    await Promise.all([
      ensureDependencies(progress, join(repositoryRoot, 'tests/integrations/peers')),
      // Without its executables, 380 MB each: a stand-in that speaks their protocol takes their place.
      ensureDependencies(progress, join(repositoryRoot, 'tests/integrations/claude'), { optional: false }),
    ]);
  } catch (error) {
    progress.line(`The frameworks of tests/integrations could not be installed; the tests will say so\n${error.message}`);
  }
}
