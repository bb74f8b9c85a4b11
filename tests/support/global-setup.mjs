import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChildren, stopLeftovers } from '../../scripts/lib/child.mjs';
import { repositoryRoot } from '../../scripts/lib/paths.mjs';
import { startPostgres } from '../../scripts/lib/postgres-server.mjs';
import { isAlive } from '../../scripts/lib/processes.mjs';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { openSecrets } from '../../scripts/lib/secrets.mjs';
import { acquireTemporalCli } from '../../scripts/lib/temporal-binary.mjs';
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';

const prefix = 'mastguard-test-';

/** One PostgreSQL, one Temporal and one workflow bundle for the whole run, handed to the tests through the environment. */
export default async function globalSetup() {
  if (process.env.MASTGUARD_TEST_SERVERS === 'none') return;
  await sweepAbandonedRuns();

  const directory = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(directory, 'owner.pid'), String(process.pid));
  const children = createChildren({ logDirectory: join(directory, 'logs'), recordFile: join(directory, 'children.json') });
  const roots = [directory];
  const clean = () => {
    for (const root of roots) rmSync(root, { recursive: true, force: true });
  };
  const uninstall = stopOnTheWayOut(children, clean);
  globalThis.mastguardTestServers = {
    async stop() {
      await children.stopAll();
      uninstall();
      clean();
    },
  };

  try {
    const progress = createProgress({ stream: process.stderr, live: false });
    // The server's account must be able to pass through; what is inside keeps its own rights.
    chmodSync(directory, 0o711);
    mkdirSync(join(directory, 'logs'), { mode: 0o700 });
    const secrets = openSecrets(join(directory, 'secrets.json'));
    const postgres = await startPostgres({
      children,
      directory: join(directory, 'postgres'),
      password: secrets.superuserPassword,
      port: 15_433,
      isThrownAway: true,
    });
    roots.push(postgres.root);
    const cli = await acquireTemporalCli({ progress });
    const temporal = await startTemporal({ children, cli, port: 17_233, uiPort: false });
    process.env.TEST_ADMIN_DATABASE_URL = postgres.adminUrl;
    process.env.TEST_TEMPORAL_ADDRESS = temporal.address;
    process.env.TEST_TEMPORAL_CLI = cli;
    // The products within the test processes run their workflows on the main thread: a thread of its own for each of their workers costs half a second of
    // machine time per start. Nothing watches there for a workflow that holds its thread. Those that run as processes (tests/support/house.ts) have their threads, as in production.
    process.env.TEMPORAL_DEBUG = '1';
    const bundle = join(directory, 'workflow-bundle.js');
    const built = join(repositoryRoot, 'dist', 'workflow-bundle.js');
    if (existsSync(built)) {
      // A copy: a build in the middle of the run is not to change what its tests run.
      copyFileSync(built, bundle);
      process.env.TEST_WORKFLOW_BUNDLE = bundle;
    }
  } catch (error) {
    // Jest runs no teardown after a failed set-up.
    await globalThis.mastguardTestServers.stop();
    throw error;
  }
}

/** What a run that was killed outright left behind: its servers by their recorded ids, then its files. */
async function sweepAbandonedRuns() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(tmpdir(), name);
    try {
      const owner = Number(readFileSync(join(directory, 'owner.pid'), 'utf8'));
      // Without an owner it is just beginning.
      if (!(owner > 0) || isAlive(owner)) continue;
      await stopLeftovers(join(directory, 'children.json'));
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // Another user's run, or one that is just beginning: not ours to clear.
    }
  }
}

const onSignal = () => process.exit(130);

/**
 * An interrupted jest does not get to its teardown: then the servers end with the process.
 * @param {ReturnType<typeof createChildren>} children
 * @param {() => void} clean
 */
function stopOnTheWayOut(children, clean) {
  const onExit = () => {
    children.killAll();
    clean();
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  process.once('exit', onExit);
  for (const signal of signals) process.once(signal, onSignal);
  return () => {
    process.off('exit', onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
}
