import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { openDatabase } from '../db/client.ts';
import { createSubjectVault } from '../db/subject-vault.ts';
import { closeServer } from './close-server.ts';
import type { ServerConfig } from './config.ts';
import { createDecisionServices } from './decision-services.ts';
import { startDecisionSpans } from './decision-spans/start-export.ts';
import { createDecisionWorker } from './decision-worker.ts';
import { listenForErasures } from './erasures-heard.ts';
import { serveMetrics } from './metrics-server.ts';
import { createPayloadCodec } from './payload-codec.ts';
import { openApiRole } from './roles/api.ts';
import { openHitlRole } from './roles/hitl.ts';
import { openMaintenanceRole } from './roles/maintenance.ts';
import type { RunningRole } from './roles/role.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { startSigner } from './signer.ts';
import { connectTemporal } from './temporal-connection.ts';

export interface Product {
  /** Null without the role `api`. */
  apiUrl: string | null;
  /** Rejects when a worker fails; resolves after `stop`. */
  ended: Promise<void>;
  /** No new requests, those in flight finish, workers drain, connections close. */
  stop: () => Promise<void>;
}

/** Starts the roles of one process. API and decision worker share a connection on purpose: eager start needs it. */
export async function startProduct(config: ServerConfig, logger: Logger): Promise<Product> {
  const { roles, publicUrl, masterKey } = config;
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  // What signs needs neither Temporal nor the application's rights, and must go on without them.
  if (roles.size === 1 && roles.has('signer')) return startSigningOnly(config, metrics, logger);
  const codec = createPayloadCodec(masterKey);
  const temporal = await connectTemporal(codec, config.temporal);
  const sql = openDatabase({
    url: config.databaseUrl,
    maxConnections: 12,
    applicationName: `mastguard ${[...roles].join(',')}`,
    ...(config.databaseRole === undefined ? {} : { role: config.databaseRole }),
  });
  await registerSearchAttributes(temporal.connection, temporal.namespace).catch((error: unknown) =>
    logger.warn({ reason: String(error) }, 'search attributes could not be registered; make them with the tools of the service'),
  );

  const vault = createSubjectVault({ sql, masterKey });
  const erasures = listenForErasures(vault, (error) => logger.warn({ err: error }, 'destroyed keys are not heard of; they are forgotten with the cache'));
  const spans = config.decisionSpans === undefined ? null : startDecisionSpans(config.decisionSpans, { metrics, logger });
  const services = createDecisionServices({ vault, publicUrl, ...(spans && { publish: spans.publish }) });
  const parts = { config, temporal, codec, vault, metrics, logger };
  const decisionWorker = roles.has('decision')
    ? await createDecisionWorker({ temporal, activities: services.activities, workflowBundlePath: config.workflowBundlePath })
    : undefined;
  const running: RunningRole[] = [
    ...(decisionWorker === undefined ? [] : [{ workers: [decisionWorker] }]),
    ...(roles.has('hitl') ? [await openHitlRole(parts)] : []),
    ...(roles.has('maintenance') ? [await openMaintenanceRole(parts)] : []),
  ];
  const workers = running.flatMap((role) => role.workers);
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  ended.catch(() => undefined);

  const signer = roles.has('signer') && config.signer !== undefined ? startSigner({ config: config.signer, logger, metrics }) : null;
  const api = roles.has('api') ? await openApiRole({ ...parts, services, decisionWorker }) : null;
  const metricsServer = config.metricsPort === undefined ? null : await serveMetrics(metrics, config.host, config.metricsPort);

  return {
    apiUrl: api?.url ?? null,
    ended,
    async stop() {
      await api?.close();
      for (const role of running) await role.quiet?.();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended.catch(() => undefined);
      for (const role of running) await role.close?.();
      await signer?.stop();
      await services.drain();
      await spans?.close();
      await erasures.stop();
      if (metricsServer !== null) await closeServer(metricsServer);
      await temporal.connection.close();
      await sql.end({ timeout: 5 });
    },
  };
}

async function startSigningOnly({ signer: config, metricsPort, host }: ServerConfig, metrics: Registry, logger: Logger): Promise<Product> {
  if (config === undefined) throw new Error('the role signer has no configuration');
  const metricsServer = metricsPort === undefined ? null : await serveMetrics(metrics, host, metricsPort);
  const signer = startSigner({ config, logger, metrics });
  return {
    apiUrl: null,
    ended: new Promise(() => undefined),
    async stop() {
      await signer.stop();
      if (metricsServer !== null) await closeServer(metricsServer);
    },
  };
}
