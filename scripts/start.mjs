#!/usr/bin/env node
/** `npm start`: from a bare checkout to a running product. Node's own modules only, until the packages are installed. */
import { rmSync } from 'node:fs';
import { writeJson } from './lib/atomic-file.mjs';
import { build } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { openInstallation } from './lib/installation.mjs';
import { nodeVersionProblem } from './lib/node-version.mjs';
import { nextFreePort, portSetting } from './lib/ports.mjs';
import { ensureMasterKey } from './lib/secrets.mjs';
import { ensurePostgres, ensureTemporal } from './lib/servers.mjs';
import { ensureDemoOrganization, migrate, sendSampleSession, startRoles, untilReady } from './lib/start-product.mjs';

const problem = nodeVersionProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

const installation = await openInstallation().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const { home, progress, shutdown } = installation;
try {
  await start();
} catch (error) {
  await shutdown.fail(error);
}

async function start() {
  await ensureDependencies(progress);
  await build(progress);

  const apiPort = await nextFreePort(portSetting(process.env.PORT, 8787));
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const postgres = await ensurePostgres(installation);
  const temporal = await ensureTemporal(installation, `${apiUrl}/codec`);

  await migrate(installation, postgres.adminUrl);
  ensureMasterKey(home.masterKey);
  const env = productEnvironment({ postgres, temporal, apiPort });
  const demo = postgres.embedded ? await ensureDemoOrganization(installation, env) : undefined;

  progress.update('starting the API and the workers');
  const metricsPort = portSetting(process.env.METRICS_PORT, 9464);
  const api = await startRoles(installation, 'api,decision', { ...env, METRICS_PORT: String(await nextFreePort(metricsPort)) });
  const workers = await startRoles(installation, 'hitl,maintenance', {
    ...env,
    PURGE_DATABASE_URL: urlAs(postgres.adminUrl, 'mg_purge', installation.secrets.purgePassword),
    METRICS_PORT: String(await nextFreePort(metricsPort)),
  });
  const signer = await startRoles(installation, 'signer', {
    ...signerEnvironment({ postgres, apiPort }),
    METRICS_PORT: String(await nextFreePort(metricsPort)),
  });
  await untilReady(apiUrl, [api, workers, signer]);

  shutdown.onExit(() => rmSync(home.runtime, { force: true }));
  writeJson(home.runtime, {
    pid: process.pid,
    apiUrl,
    dashboardUrl: `${apiUrl}/dashboard`,
    temporalUiUrl: temporal.uiUrl,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    databaseUrl: postgres.adminUrl,
    ...demo,
  });
  if (demo !== undefined) await sendSampleSession(installation, env);
  announce(apiUrl, temporal.uiUrl, demo);
}

/** @param {{ postgres: { adminUrl: string }, temporal: Awaited<ReturnType<typeof ensureTemporal>>, apiPort: number }} parts */
function productEnvironment({ postgres, temporal, apiPort }) {
  return {
    MASTGUARD_HOME: home.home,
    MASTGUARD_KEY_FILE: home.masterKey,
    DATABASE_URL: urlAs(postgres.adminUrl, 'mg_app', installation.secrets.appPassword),
    PORT: String(apiPort),
    // Left alone where a profile decides.
    ...(temporal.address === null ? {} : { TEMPORAL_ADDRESS: temporal.address }),
    ...(temporal.namespace === null ? {} : { TEMPORAL_NAMESPACE: temporal.namespace }),
    ...(temporal.uiUrl === null ? {} : { TEMPORAL_UI_URL: temporal.uiUrl }),
  };
}

/** What signs gets nothing of what the others have. @param {{ postgres: { adminUrl: string }, apiPort: number }} parts */
function signerEnvironment({ postgres, apiPort }) {
  return {
    MASTGUARD_HOME: home.home,
    SIGNER_DATABASE_URL: urlAs(postgres.adminUrl, 'mg_signer', installation.secrets.signerPassword),
    PORT: String(apiPort),
    // Set to nothing, in case the terminal has them.
    DATABASE_URL: '',
    PURGE_DATABASE_URL: '',
    MASTGUARD_KEY_FILE: '',
    MASTGUARD_MASTER_KEY: '',
  };
}

/** @param {string} adminUrl @param {string} user @param {string} password */
function urlAs(adminUrl, user, password) {
  const url = new URL(adminUrl);
  url.username = user;
  url.password = password;
  return url.href;
}

/** @param {string} apiUrl @param {string | null} uiUrl @param {{ apiKey: string, ownerEmail: string, ownerPassword: string } | undefined} demo */
function announce(apiUrl, uiUrl, demo) {
  progress.line('');
  progress.line(`Dashboard    ${apiUrl}/dashboard`);
  progress.line(`API          ${apiUrl}/api/v1  (reference: ${apiUrl}/docs)`);
  if (uiUrl !== null) progress.line(`Temporal UI  ${uiUrl}`);
  progress.line(
    demo === undefined ? 'Sign in      with an account of your own organisation' : `Sign in      ${demo.ownerEmail} with the password ${demo.ownerPassword}`,
  );
  if (demo !== undefined) progress.line(`API key      ${demo.apiKey}`);
  progress.line(`Logs         ${home.logs}`);
  progress.line('Ctrl-C stops everything; the next "npm start" carries on with the same data.');
}
