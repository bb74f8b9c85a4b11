import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installPeers, type Progress, type SkippedPeers } from '../../chaos/peers/install.ts';

/** Where the frameworks and clients are installed that are no dependency of ours. */
export const PEERS = import.meta.dirname;

/** Installs them at the pinned versions when they are not there yet; the reason where that fails. */
export function installIntegrationPeers(progress: Progress): Promise<SkippedPeers | undefined> {
  return installPeers(progress, { directory: PEERS, names: ['the frameworks and wrappers of tests/integrations/peers'] });
}

/** Whether a test runs that needs a package: where it is installed, and in CI, where it must be; on a user's machine without it the test is skipped by name. */
export const canRun = (name: string, directory = PEERS): boolean =>
  process.env['CI'] === 'true' || existsSync(join(directory, 'node_modules', name, 'package.json'));
