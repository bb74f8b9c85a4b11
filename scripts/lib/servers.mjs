import { portSetting } from './ports.mjs';
import { startPostgres } from './postgres-server.mjs';
import { acquireTemporalCli } from './temporal-binary.mjs';
import { startTemporal } from './temporal-server.mjs';

/** @typedef {Awaited<ReturnType<typeof import('./installation.mjs').openInstallation>>} Installation */

/**
 * The PostgreSQL to use: the one that DATABASE_URL names, or else an embedded one.
 * @param {Installation} installation
 */
export async function ensurePostgres({ home, children, supervisor, secrets, progress }, env = process.env) {
  if (env.DATABASE_URL) return { adminUrl: env.DATABASE_URL, embedded: false };
  progress.update('starting PostgreSQL');
  const { adminUrl, child, spec } = await startPostgres({
    children,
    directory: home.postgres,
    password: secrets.superuserPassword,
    port: portSetting(env.POSTGRES_PORT, 5433),
  });
  supervisor.watch(spec, child);
  return { adminUrl, embedded: true };
}

/**
 * The Temporal service to use: the one that TEMPORAL_ADDRESS or a profile names, or else a dev server.
 * @param {Installation} installation
 * @param {string | undefined} codecEndpoint for the Temporal UI
 */
export async function ensureTemporal({ home, children, supervisor, progress }, codecEndpoint, env = process.env) {
  if (env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE) {
    return {
      address: env.TEMPORAL_ADDRESS || null,
      namespace: env.TEMPORAL_NAMESPACE || (env.TEMPORAL_PROFILE ? null : 'default'),
      uiUrl: env.TEMPORAL_UI_URL || null,
    };
  }
  const cli = await acquireTemporalCli({ progress, env });
  progress.update('starting Temporal');
  const { address, namespace, uiUrl, child, spec } = await startTemporal({
    children,
    cli,
    databaseFile: home.temporalDatabase,
    port: portSetting(env.TEMPORAL_PORT, 7233),
    uiPort: portSetting(env.TEMPORAL_UI_PORT, 8233),
    ...(codecEndpoint === undefined ? {} : { codecEndpoint }),
  });
  supervisor.watch(spec, child);
  return { address, namespace, uiUrl: uiUrl ?? null };
}
