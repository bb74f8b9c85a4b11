import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createBatchActivities } from '../activities/batch-decision.ts';
import { createErasureActivities } from '../activities/erasure.ts';
import { createLedgerCheckActivities } from '../activities/ledger-check.ts';
import { createMaintenanceActivities } from '../activities/maintenance.ts';
import { createOutcomeActivities } from '../activities/outcome.ts';
import { createResumeActivities } from '../activities/resume.ts';
import { createReviewActivities } from '../activities/review.ts';
import { createReweigh } from '../activities/reweigh.ts';
import { createSweepActivities } from '../activities/sweep.ts';
import { createWeigh } from '../activities/weigh.ts';
import { createReviewLinks } from '../api/access/review-link.ts';
import { loadPages } from '../api/pages.ts';
import { createCodecRouter } from '../api/routes/codec.ts';
import { createDashboardRouter } from '../api/routes/dashboard.ts';
import { createReviewLinkRouter } from '../api/routes/review-link.ts';
import { createApi } from '../api/server.ts';
import { openDatabase } from '../db/client.ts';
import { listOverdueReviews } from '../db/queries/left-lying.ts';
import { createSubjectVault } from '../db/subject-vault.ts';
import { createAnchors } from './anchors.ts';
import type { ServerConfig } from './config.ts';
import { createDecisionServices, createLedgerAppend } from './decision-services.ts';
import { createDecisionWorker } from './decision-worker.ts';
import { startErasure } from './erasure-runs.ts';
import { listenForErasures } from './erasures-heard.ts';
import { createTemporalRuntime } from './governance-runtime.ts';
import { createNotices } from './notices.ts';
import { watchOverdueReviews } from './overdue-reviews.ts';
import { createPayloadCodec } from './payload-codec.ts';
import { listenForReviewChanges } from './review-changes.ts';
import { wakeReview } from './restart-review.ts';
import { createRunHistories } from './run-histories.ts';
import { ensureSchedules } from './schedules.ts';
import { createRetention } from './retention.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { startSigner } from './signer.ts';
import { createMaintenanceWorker, createNoticeWorker, createReviewWorker } from './step-workers.ts';
import { startSweep, tellRuns } from './sweep-runs.ts';
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
  const services = createDecisionServices({ vault, publicUrl });
  const workers: Worker[] = [];
  if (roles.has('decision'))
    workers.push(await createDecisionWorker({ temporal, activities: services.activities, workflowBundlePath: config.workflowBundlePath }));
  if (roles.has('hitl')) {
    const now = Date.now;
    const activities = {
      ...reviewSteps(),
      ...createBatchActivities({ vault, tellRuns: (orgId, runs) => tellRuns(temporal.client, orgId, runs), now }),
      ...createOutcomeActivities({ sql, now }),
      ...createSweepActivities({ vault, reweigh: createReweigh({ vault, now }), tellRuns: (orgId, runs) => tellRuns(temporal.client, orgId, runs), now }),
    };
    workers.push(await createReviewWorker(temporal, activities));
  }
  const overdueReviews = roles.has('hitl') ? openWatch() : null;
  const notices = roles.has('hitl') ? createNotices(vault, config) : null;
  if (notices !== null) workers.push(await createNoticeWorker(temporal, notices.activities, config.workflowBundlePath));
  const anchors = roles.has('maintenance') ? createAnchors(sql, config, { metrics, logger }) : null;
  const retention = roles.has('maintenance') ? createRetention(config, logger) : null;
  if (anchors !== null) {
    const { client } = temporal;
    const activities = {
      ...anchors.activities,
      ...retention?.activities,
      ...createMaintenanceActivities({ sql, reportDefaultRows: defaultRowsGauge(metrics, logger) }),
      ...createResumeActivities({
        sql,
        startSweep: (sweep) => startSweep(client, sweep),
        startErasure: (erasure) => startErasure(client, erasure),
        wakeReview: (review) => wakeReview(client, vault, review),
        now: Date.now,
      }),
      ...createLedgerCheckActivities({ sql }),
      ...createErasureActivities({ vault, histories: createRunHistories(client, codec), now: Date.now }),
    };
    workers.push(await createMaintenanceWorker(temporal, activities, config.workflowBundlePath));
    await ensureSchedules(temporal.client, { purges: retention !== null });
  }
  const running = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  running.catch(() => undefined);

  const signer = roles.has('signer') && config.signer !== undefined ? startSigner({ config: config.signer, logger, metrics }) : null;
  const api = roles.has('api') ? await openApi() : null;
  const metricsServer = config.metricsPort === undefined ? null : await serveMetrics(metrics, config.host, config.metricsPort);

  function reviewSteps() {
    const now = Date.now;
    return createReviewActivities({ vault, weigh: createWeigh({ vault, now }), now });
  }

  function openWatch() {
    return watchOverdueReviews({
      list: (page) => listOverdueReviews(sql, page),
      steps: reviewSteps(),
      wake: (review) => wakeReview(temporal.client, vault, review),
      onError: (error) => logger.warn({ err: error }, 'overdue reviews are not moved on'),
      now: Date.now,
    });
  }

  async function openApi() {
    const reviewChanges = listenForReviewChanges(sql, (error) => logger.warn({ err: error }, 'long polls answer at their timeout only'));
    const append = createLedgerAppend(sql);
    const decisionWorker = roles.has('decision') ? workers[0] : undefined;
    const runtime = createTemporalRuntime({
      temporal,
      vault,
      decisions: services.decisions,
      observations: services.observations,
      reviewChanges,
      deadlineMs: config.decisionDeadlineMs,
      eager: decisionWorker !== undefined,
      workerState: () => decisionWorker?.getState() ?? null,
    });
    const pages = loadPages();
    const served = createApi({
      sql,
      vault,
      runtime,
      ledger: { append },
      config: { publicUrl, masterKey, rateLimit: { burst: config.rateLimitPerMinute, windowMs: 60_000 }, vaultBackupDays: config.vaultBackupDays },
      logger,
      metrics,
      mount: ({ handlers, authenticator, publicOrigin, now }) => [
        createReviewLinkRouter({ vault, runtime, links: createReviewLinks(masterKey), publicOrigin, pages, logger, now }),
        createDashboardRouter({
          vault,
          handlers,
          authenticator,
          publicOrigin,
          temporalUi: config.temporalUiUrl === undefined ? undefined : { url: config.temporalUiUrl, namespace: temporal.namespace },
          pages,
          logger,
          now,
        }),
        createCodecRouter({
          codec,
          authenticator,
          publicOrigin,
          temporalUiOrigin: config.temporalUiUrl === undefined ? undefined : new URL(config.temporalUiUrl).origin,
        }),
      ],
    });
    const server = createServer(served.app);
    server.listen(config.port, config.host);
    await once(server, 'listening');
    return { server, close: () => served.close(), reviewChanges, append };
  }

  return {
    apiUrl: api === null ? null : `http://${config.host}:${(api.server.address() as AddressInfo).port}`,
    ended: running,
    async stop() {
      if (api !== null) {
        await api.close();
        await closeServer(api.server);
        await api.append.drain();
        await api.reviewChanges.close();
      }
      await overdueReviews?.stop();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch(() => undefined);
      notices?.close();
      await signer?.stop();
      anchors?.close();
      await retention?.close();
      await services.drain();
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

function defaultRowsGauge(registry: Registry, logger: Logger): (count: number) => void {
  const gauge = new Gauge({
    name: 'mastguard_ledger_default_partition_rows',
    help: 'Ledger records for which no partition was ready. Alert above 0.',
    registers: [registry],
  });
  return (count) => {
    gauge.set(count);
    if (count > 0) logger.error({ count }, 'ledger records fell into a default partition');
  };
}

async function serveMetrics(registry: Registry, host: string, port: number): Promise<Server> {
  const server = createServer((req, res) => {
    if (req.url !== '/metrics') return void res.writeHead(404).end();
    registry.metrics().then(
      (text) => res.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => res.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // Requests still open after the grace are cut; a retry attaches to what they started.
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}
