import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diedError } from './child.mjs';
import { tailOf } from './log-file.mjs';
import { repositoryRoot } from './paths.mjs';
import { nextFreePort } from './ports.mjs';
import { run, runOrThrow } from './run.mjs';

const namespace = 'default';
const retention = '72h';

/**
 * The dev server, ready to take calls: one process, state in one SQLite file, or in memory without one.
 * @param {object} options
 * @param {ReturnType<typeof import('./child.mjs').createChildren>} options.children
 * @param {string} options.cli path of the Temporal CLI
 * @param {string} [options.databaseFile]
 * @param {number} [options.port] wanted; the next free one is taken
 * @param {number | false} [options.uiPort] wanted; false leaves the UI out
 * @param {string} [options.codecEndpoint]
 * @param {string} [options.name] of the child and its log
 * @param {boolean} [options.tuned] false: the server as it comes, for comparison
 */
export async function startTemporal({
  children,
  cli,
  databaseFile,
  port: wantedPort = 7233,
  uiPort: wantedUiPort = 8233,
  codecEndpoint,
  name = 'temporal',
  tuned = true,
}) {
  const port = await nextFreePort(wantedPort);
  const uiPort = wantedUiPort === false ? undefined : await nextFreePort(wantedUiPort);
  const address = `127.0.0.1:${port}`;
  const env = withoutTemporalSettings(process.env);
  const spec = {
    name,
    command: cli,
    args: [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--namespace',
      namespace,
      '--log-level',
      'warn',
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
      ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1']),
      ...(tuned ? dynamicConfig() : []).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
    ],
    env,
    stopSignal: /** @type {const} */ ('SIGTERM'),
    graceMs: 15_000,
  };
  const child = await startPastTakenPorts(children, spec, (started) => untilHealthy(started, cli, address, env));
  // The dev server registers its namespaces with 24 h and has no option for it.
  await runOrThrow(
    'setting the namespace retention',
    cli,
    ['operator', 'namespace', 'update', '-n', namespace, '--retention', retention, '--address', address, ...plainClient],
    { env, timeoutMs: 60_000 },
  );
  return { address, namespace, uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`, child, spec };
}

/**
 * The server takes ports for its own services from the system and listens there a moment later: another process may have taken one of them meanwhile. Then once
 * more, with others.
 * @param {ReturnType<typeof import('./child.mjs').createChildren>} children
 * @param {import('./child.mjs').ChildSpec} spec
 * @param {(child: import('./child.mjs').Child) => Promise<void>} untilReady
 */
async function startPastTakenPorts(children, spec, untilReady) {
  for (let attempt = 1; ; attempt += 1) {
    const child = await children.start(spec);
    try {
      await untilReady(child);
      return child;
    } catch (error) {
      if (!endedForTakenPort(child) || attempt === 5) throw error;
    }
  }
}

/** @param {import('./child.mjs').Child} child */
export const endedForTakenPort = (child) => child.ending() !== undefined && tailOf(child.logFile, 20).includes('address already in use');

/** Keeps the user's own profiles (an address, TLS, an API key) away from our local server. */
const plainClient = ['--disable-config-file', '--disable-config-env'];

/** @param {import('./child.mjs').Child} child @param {string} cli @param {string} address @param {NodeJS.ProcessEnv} env */
async function untilHealthy(child, cli, address, env) {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    if (child.ending() !== undefined) throw diedError(child, 'starting');
    const health = await run(cli, ['operator', 'cluster', 'health', '--address', address, ...plainClient], { env, timeoutMs: 5_000 });
    if (health.code === 0 && health.output.includes('SERVING')) return;
    await sleep(150);
  }
  throw diedError(child, 'it was given 120 s to become healthy');
}

/** The first, unconstrained value of each key of the file that the full server reads too. @returns {[string, unknown][]} */
function dynamicConfig() {
  const file = join(repositoryRoot, 'deploy', 'temporal', 'dynamic-config.json');
  return Object.entries(JSON.parse(readFileSync(file, 'utf8'))).map(([key, [first]]) => [key, first.value]);
}

/** @param {NodeJS.ProcessEnv} env */
function withoutTemporalSettings(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
