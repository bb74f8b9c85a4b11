import { rmSync } from 'node:fs';
import { createChildren, stopLeftovers } from './child.mjs';
import { openHome } from './paths.mjs';
import { takeLock } from './process-lock.mjs';
import { createProgress } from './progress.mjs';
import { openSecrets } from './secrets.mjs';
import { createShutdown } from './shutdown.mjs';
import { createSupervisor } from './supervisor.mjs';

/** Takes the home for this process, clears away what a killed predecessor left, and gets ready to start and stop children. */
export async function openInstallation() {
  const home = openHome();
  const release = takeLock(home.lock);
  const progress = createProgress();
  const report = (/** @type {string} */ line) => progress.line(line);
  const children = createChildren({ logDirectory: home.logs, recordFile: home.children });
  const shutdown = createShutdown({ children, report });
  shutdown.onExit(release);
  try {
    rmSync(home.runtime, { force: true });
    const leftovers = await stopLeftovers(home.children);
    if (leftovers.length > 0) progress.line(`stopped what an earlier start left running: ${leftovers.join(', ')}`);
    const supervisor = createSupervisor({ children, report, giveUp: (error) => void shutdown.fail(error) });
    return { home, progress, children, shutdown, supervisor, secrets: openSecrets(home.secrets) };
  } catch (error) {
    return shutdown.fail(error);
  }
}
