import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diedError } from './child.mjs';
import { repositoryRoot } from './paths.mjs';
import { run, runOrThrow } from './run.mjs';

const dist = join(repositoryRoot, 'dist');
const entry = {
  migrate: join(dist, 'db', 'migrate-cli.js'),
  demo: join(dist, 'workers', 'demo-organization.js'),
  server: join(dist, 'workers', 'main.js'),
  sample: join(dist, 'workers', 'sample-session.js'),
};

/** @typedef {import('./servers.mjs').Installation} Installation */

/** @param {Installation} installation @param {string} adminUrl */
export async function migrate({ progress, secrets }, adminUrl) {
  progress.update('migrating the database');
  const { stdout } = await runScript('migrating the database', entry.migrate, {
    DATABASE_URL: adminUrl,
    MASTGUARD_APP_PASSWORD: secrets.appPassword,
    MASTGUARD_SIGNER_PASSWORD: secrets.signerPassword,
    MASTGUARD_PURGE_PASSWORD: secrets.purgePassword,
  });
  for (const line of stdout.trim().split('\n')) if (line !== '') progress.line(line);
}

/**
 * The demo organisation, its key and its owner: made on the first start, the same ones on every later start.
 * @param {Installation} installation
 * @param {NodeJS.ProcessEnv} env as the server gets it
 */
export async function ensureDemoOrganization({ progress, secrets }, env) {
  progress.update('preparing the demo organisation');
  const known = secrets.demo();
  const { stdout } = await runScript('preparing the demo organisation', entry.demo, {
    ...env,
    ...(known === undefined ? {} : { MASTGUARD_DEMO: JSON.stringify(known) }),
  });
  const demo = demoOf(stdout);
  secrets.keepDemo(demo);
  return demo;
}

/** @param {string} stdout @returns {{ orgId: string, apiKey: string, ownerEmail: string, ownerPassword: string }} */
export function demoOf(stdout) {
  const line = stdout
    .trim()
    .split('\n')
    .findLast((candidate) => candidate.startsWith('{'));
  const { orgId, apiKey, ownerEmail, ownerPassword } = line === undefined ? {} : JSON.parse(line);
  for (const [name, value] of Object.entries({ orgId, apiKey, ownerEmail, ownerPassword })) {
    if (typeof value !== 'string' || value === '') throw new Error(`the demo organisation was made without ${name}`);
  }
  return { orgId, apiKey, ownerEmail, ownerPassword };
}

/**
 * One process of the product, kept running.
 * @param {Installation} installation
 * @param {string} roles comma-separated
 * @param {NodeJS.ProcessEnv} env
 */
export async function startRoles({ children, supervisor }, roles, env) {
  const spec = {
    name: roles.replaceAll(',', '-'),
    command: process.execPath,
    // Requests are short-lived garbage; a larger young generation collects it before it is promoted.
    args: ['--max-semi-space-size=32', requireBuilt(entry.server), '--role', roles],
    env: { ...process.env, ...env },
    cwd: repositoryRoot,
    stopSignal: /** @type {const} */ ('SIGTERM'),
    // Longer than the worker's own grace, so that it drains before it is killed.
    graceMs: 20_000,
  };
  const child = await children.start(spec);
  supervisor.watch(spec, child);
  return child;
}

/** @param {string} apiUrl @param {import('./child.mjs').Child[]} processes that must stay alive meanwhile */
export async function untilReady(apiUrl, processes, timeoutMs = 90_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    for (const child of processes) if (child.ending() !== undefined) throw diedError(child, 'starting');
    const answer = await fetch(`${apiUrl}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    if (Date.now() > deadline) {
      const [first] = processes;
      const waited = `it was given ${timeoutMs / 1000} s to be ready (${answer === undefined ? 'no answer' : `status ${answer.status}`})`;
      throw first === undefined ? new Error(waited) : diedError(first, waited);
    }
    await sleep(200);
  }
}

/** Sends the bundled session; its table goes straight to the terminal. A failure is told, and leaves the product running. @param {Installation} installation @param {NodeJS.ProcessEnv} env */
export async function sendSampleSession({ progress }, env) {
  progress.clear();
  if (!existsSync(entry.sample)) return progress.line('there is no sample session in this build');
  const { code } = await run(process.execPath, [entry.sample], { cwd: repositoryRoot, env: { ...process.env, ...env }, show: true });
  if (code !== 0) progress.line(`the sample session ended with exit code ${code}; everything else is running`);
}

/** @param {string} doing @param {string} file @param {NodeJS.ProcessEnv} env */
function runScript(doing, file, env) {
  return runOrThrow(doing, process.execPath, [requireBuilt(file)], { cwd: repositoryRoot, env: { ...process.env, ...env } });
}

/** @param {string} file */
function requireBuilt(file) {
  if (!existsSync(file)) throw new Error(`the build made no ${file.slice(repositoryRoot.length + 1)}`);
  return file;
}
