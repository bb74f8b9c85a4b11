import { setMaxListeners } from 'node:events';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BucketLimit } from '../core/access/token-bucket.ts';
import { createChannelSeal } from '../db/channel-seal.ts';
import type { Sql } from '../db/client.ts';
import { listen } from '../db/listen.ts';
import { findKeyCredential } from '../db/queries/keys.ts';
import { findSession, touchCredentials } from '../db/queries/sessions.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { createWebhookSeals } from '../db/webhook-seal.ts';
import { createAuthenticator } from './access/authenticator.ts';
import type { Authenticator } from './access/authenticator.ts';
import { createCredentialUses } from './access/credential-uses.ts';
import { createKeyDirectory } from './access/key-directory.ts';
import { pepperOf } from './access/key-secret.ts';
import { createSignIn } from './access/sign-in.ts';
import type { GovernanceRuntime } from './governance-runtime.ts';
import type { Handlers } from './handler.ts';
import type { LedgerAppender } from './ledger-appender.ts';
import { createApiMetrics } from './metrics.ts';
import { accessLog } from './middleware/access-log.ts';
import { createAdmission } from './middleware/admission.ts';
import type { AdmissionOptions } from './middleware/admission.ts';
import { authenticate } from './middleware/authenticate.ts';
import { problemHandler } from './middleware/problem-handler.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { HttpProblem } from './problem.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { bodyRefusals } from './refused-body.ts';
import { apiRouter } from './router.ts';
import { agentRoutes } from './routes/agents.ts';
import { alertRoutes } from './routes/alerts.ts';
import { anchorRoutes } from './routes/anchors.ts';
import { auditExportRoutes } from './routes/audit-export.ts';
import { auditRoutes } from './routes/audit.ts';
import { billingRoutes } from './routes/billing.ts';
import { channelRoutes } from './routes/channels.ts';
import { delegationRoutes } from './routes/delegations.ts';
import { docsRoutes } from './routes/docs.ts';
import { erasureRoutes } from './routes/erasures.ts';
import { errorRoutes } from './routes/errors.ts';
import { eventRoutes } from './routes/events.ts';
import { grantRoutes } from './routes/grants.ts';
import { healthRoutes } from './routes/health.ts';
import { holdRoutes } from './routes/holds.ts';
import { inboundSecretRoutes } from './routes/inbound-secrets.ts';
import { inboundWebhookRoutes } from './routes/inbound-webhooks.ts';
import { keyRoutes } from './routes/keys.ts';
import { ledgerCheckRoutes } from './routes/ledger-checks.ts';
import { organizationRoutes } from './routes/organization.ts';
import { otlpRoutes } from './routes/otlp.ts';
import { failModeRoutes } from './routes/fail-mode.ts';
import { outcomeRoutes } from './routes/outcomes.ts';
import { policyRoutes } from './routes/policies.ts';
import { reviewWorkRoutes } from './routes/review-work.ts';
import { reviewRoutes } from './routes/reviews.ts';
import { sessionRoutes } from './routes/session.ts';
import { stopRoutes } from './routes/stops.ts';
import { webhookReplayRoutes } from './routes/webhook-replays.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface ApiConfig {
  /** Where callers reach this API, without a slash at the end. Its origin is the one that may use session cookies. */
  publicUrl: string;
  /** At least 32 random bytes; the pepper of the keys is derived from it. */
  masterKey: Uint8Array;
  /** Of the product, for OpenAPI. */
  version?: string;
  /** Proxies in front that set `X-Forwarded-*`, as Express counts them. Default: none are trusted. */
  trustProxy?: number | string[] | undefined;
  /** Per organisation and process. */
  rateLimit?: BucketLimit;
  /** Tries to sign in, per address and network. */
  signInLimit?: BucketLimit;
  /** Tries to sign in, per network. An office may share one. */
  signInNetworkLimit?: BucketLimit;
  admission?: AdmissionOptions;
  sessionIdleMs?: number;
  sessionLifetimeMs?: number;
  /** How long a key is remembered between look-ups; revoked ones are dropped at once. */
  keyMaxAgeMs?: number;
  /** Between two writes of `lastUsedAt`. */
  usesEveryMs?: number;
  /** Days that backups of the schema `vault` are kept. Default: 7. */
  vaultBackupDays?: number | undefined;
}

export interface ApiOptions {
  /** Connected as `mg_app`. */
  sql: Sql;
  /** Over the same database; the process has one. */
  vault: SubjectVault;
  runtime: GovernanceRuntime;
  ledger: LedgerAppender;
  config: ApiConfig;
  logger: Logger;
  /** The API's metrics are registered here; serving them is the caller's part. */
  metrics: Registry;
  now?: () => number;
  /** Further routers, such as pages; placed behind the API's routes. */
  mount?: (parts: ApiParts) => RequestHandler[];
}

/** What pages beside the API share with it, so that they can do nothing the API would not. */
export interface ApiParts {
  handlers: Handlers;
  authenticator: Authenticator;
  publicOrigin: string;
  now: () => number;
}

export interface Api {
  app: Express;
  /** Ends long polls, stops listening and writes pending uses. Call it before the server and the pool are closed. */
  close(): Promise<void>;
}

/** The HTTP API, everything it needs injected. Opens no port. */
export function createApi({ sql, vault, runtime, ledger, config, logger, metrics: registry, now = Date.now, mount = () => [] }: ApiOptions): Api {
  const {
    publicUrl,
    masterKey,
    version = '0.1.0',
    trustProxy = 0,
    rateLimit: organisationLimit = { burst: 3_000, windowMs: 60_000 },
    signInLimit = { burst: 10, windowMs: 15 * 60_000 },
    signInNetworkLimit = { burst: 60, windowMs: 15 * 60_000 },
    sessionIdleMs = 30 * 60_000,
    sessionLifetimeMs = 12 * 3_600_000,
    keyMaxAgeMs = 30_000,
    usesEveryMs = 5_000,
    vaultBackupDays = 7,
  } = config;
  const stopping = new AbortController();
  // Every request under way listens; that is no leak.
  setMaxListeners(0, stopping.signal);
  const pepper = pepperOf(masterKey);
  const metrics = createApiMetrics(registry);
  const keys = createKeyDirectory({ find: (keyId) => findKeyCredential(sql, { keyId }), maxAgeMs: keyMaxAgeMs, now });
  const revocations = listen(sql, {
    channel: 'mg_key',
    onNotice: (keyId) => keys.forget(keyId),
    onConnect: () => keys.forgetAll(),
    onError: (error) => logger.warn({ err: error }, 'revoked keys are not heard of; they end with the cache'),
  });
  const uses = createCredentialUses({
    write: (pending) => touchCredentials(sql, pending),
    onError: (error) => logger.warn({ err: error }, 'uses of keys were not written'),
    everyMs: usesEveryMs,
  });
  const authenticator = createAuthenticator({ pepper, keys, findSession: (tokenHash) => findSession(sql, { tokenHash }), uses, sessionIdleMs, now });
  const webhookSeals = createWebhookSeals(masterKey);
  const signIn = createSignIn({
    sql,
    ledger,
    limiter: createRateLimiter({ limit: signInLimit, now }),
    networkLimiter: createRateLimiter({ limit: signInNetworkLimit, now }),
    sessionLifetimeMs,
    logger,
    now,
  });

  const handlers: Handlers = {
    ...eventRoutes({ vault, runtime, now }),
    ...otlpRoutes({ vault, runtime, metrics, now }),
    ...agentRoutes({ sql, runtime }),
    ...policyRoutes({ sql, runtime, now }),
    ...reviewRoutes({ vault, runtime }),
    ...reviewWorkRoutes({ vault, runtime, now }),
    ...stopRoutes({ sql, runtime }),
    ...outcomeRoutes({ vault, runtime }),
    ...failModeRoutes({ sql }),
    ...grantRoutes({ vault, now }),
    ...alertRoutes({ vault, runtime, now }),
    ...auditRoutes({ sql }),
    ...auditExportRoutes({ sql, publicUrl }),
    ...anchorRoutes({ sql }),
    ...ledgerCheckRoutes({ sql, runtime }),
    ...erasureRoutes({ vault, runtime, ledger, backupDays: vaultBackupDays }),
    ...holdRoutes({ sql, publicUrl }),
    ...delegationRoutes({ sql, now }),
    ...channelRoutes({ vault, runtime, seal: createChannelSeal(masterKey) }),
    ...webhookRoutes({ sql, runtime, seal: webhookSeals.endpoint, now }),
    ...webhookReplayRoutes({ sql }),
    ...inboundSecretRoutes({ sql, runtime, seal: webhookSeals.inbound, publicUrl, now }),
    ...inboundWebhookRoutes({ vault, runtime, ledger, seal: webhookSeals.inbound, now }),
    ...keyRoutes({ sql, runtime, pepper, forgetKey: (keyId) => keys.forget(keyId), now }),
    ...sessionRoutes({ sql, signIn, now }),
    ...organizationRoutes({ sql }),
    ...billingRoutes({ sql }),
  };
  const publicOrigin = new URL(publicUrl).origin;

  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('trust proxy', trustProxy)
    .set('query parser', 'simple')
    .enable('case sensitive routing')
    .enable('strict routing');
  app.use(requestId({ stopping: stopping.signal, now }), accessLog({ logger, metrics }), securityHeaders());
  // The API first: a decision passes no layer it does not need.
  app.use(
    apiRouter({
      handlers,
      authenticate: authenticate(authenticator),
      rateLimit: rateLimit(createRateLimiter({ limit: organisationLimit, now })),
      admission: createAdmission(config.admission),
      recordRefusal: bodyRefusals(ledger, vault),
      publicOrigin,
      metrics,
    }),
  );
  app.use(healthRoutes({ sql, runtime, logger }), errorRoutes(), docsRoutes({ publicUrl, version }));
  for (const page of mount({ handlers, authenticator, publicOrigin, now })) app.use(page);
  app.use(() => {
    throw new HttpProblem('not-found');
  });
  app.use(problemHandler({ logger, publicUrl }));

  return {
    app,
    async close() {
      stopping.abort();
      await revocations.stop();
      await uses.close();
    },
  };
}
