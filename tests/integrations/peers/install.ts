import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installPeers, type Progress, type SkippedPeers } from '../../chaos/peers/install.ts';

/** Where the frameworks and clients are installed that are no dependency of ours. */
export const PEERS = import.meta.dirname;

/** Installs them at the pinned versions when they are not there yet; the reason where that fails. */
export function installIntegrationPeers(progress: Progress): Promise<SkippedPeers | undefined> {
  return installPeers(progress, { directory: PEERS, names: ['the frameworks and wrappers of tests/integrations/peers'] });
}

/** Whether a package is there; a test that needs one and has none is skipped by name on a user's machine. */
export const isInstalled = (name: string): boolean => existsSync(join(PEERS, 'node_modules', name, 'package.json'));
