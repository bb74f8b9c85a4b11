import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Worker } from '@temporalio/worker';
import { createGuardedFetch } from '../../activities/outbound/guarded-fetch.ts';
import { createReviewLinks } from '../../api/access/review-link.ts';
import { loadPages } from '../../api/pages.ts';
import { createCodecRouter } from '../../api/routes/codec.ts';
import { createDashboardRouter } from '../../api/routes/dashboard.ts';
import { createReviewLinkRouter } from '../../api/routes/review-link.ts';
import { type ApiConfig, createApi } from '../../api/server.ts';
import { closeServer } from '../close-server.ts';
import type { ServerConfig } from '../config.ts';
import { createLedgerAppend, type DecisionServices } from '../decision-services.ts';
import { createTemporalRuntime } from '../governance-runtime.ts';
import { listenForReviewChanges } from '../review-changes.ts';
import type { RoleParts } from './role.ts';

export interface RunningApi {
  url: string;
  /** No new requests; those in flight finish. */
  close: () => Promise<void>;
}

export interface ApiRoleParts extends RoleParts {
  services: DecisionServices;
  /** That of the same process: its runs may start eagerly. */
  decisionWorker: Worker | undefined;
}

export const apiConfigOf = ({ publicUrl, masterKey, trustProxy, rateLimitPerMinute, vaultBackupDays }: ServerConfig): ApiConfig => ({
  publicUrl,
  masterKey,
  trustProxy,
  rateLimit: { burst: rateLimitPerMinute, windowMs: 60_000 },
  vaultBackupDays,
});

/** Load balancers keep idle connections for a minute. Were they closed here first, it could be at the moment of the next request, which would be lost. */
const KEEP_ALIVE_MS = 75_000;

/** The API with its pages, served over HTTP. */
export async function openApiRole({ config, temporal, codec, vault, metrics, logger, services, decisionWorker }: ApiRoleParts): Promise<RunningApi> {
  const { sql } = vault;
  const { masterKey } = config;
  const reviewChanges = listenForReviewChanges(sql, (error) => logger.warn({ err: error }, 'long polls answer at their timeout only'));
  const append = createLedgerAppend(sql);
  // It asks and never sends: requests are made where the deliveries run.
  const guarded = createGuardedFetch({ allowPrivate: config.outbound?.allow ?? [] });
  const runtime = createTemporalRuntime({
    temporal,
    vault,
    decisions: services.decisions,
    observations: services.observations,
    reviewChanges,
    checkTarget: guarded.check,
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
    config: apiConfigOf(config),
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
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, served.app);
  server.listen(config.port, config.host);
  await once(server, 'listening');
  return {
    url: `http://${config.host}:${(server.address() as AddressInfo).port}`,
    async close() {
      await served.close();
      await closeServer(server);
      await append.drain();
      await reviewChanges.close();
    },
  };
}
