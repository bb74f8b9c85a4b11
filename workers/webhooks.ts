import { Counter, type Registry } from 'prom-client';
import { createWebhookFeed, type WebhookFeed } from '../activities/webhook-feed.ts';
import { createWebhookActivities, type WebhookActivities } from '../activities/webhook.ts';
import { createGuardedFetch } from '../activities/outbound/guarded-fetch.ts';
import type { Sql } from '../db/client.ts';
import { createWebhookSeals } from '../db/webhook-seal.ts';
import type { ServerConfig } from './config.ts';

export interface Webhooks {
  activities: WebhookActivities;
  feed: WebhookFeed;
  /** Ends what is under way; the runs send it again. */
  close: () => void;
}

/** Everything that tells customers' systems, put together: one guarded fetch per process. */
export function createWebhooks(sql: Sql, { masterKey, publicUrl, outbound }: ServerConfig, registry: Registry): Webhooks {
  const guarded = createGuardedFetch({ allowPrivate: outbound?.allow ?? [] });
  const tries = new Counter({
    name: 'mastguard_webhook_tries_total',
    help: 'Tries to deliver a webhook, by what came of them.',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  return {
    activities: createWebhookActivities({
      sql,
      seal: createWebhookSeals(masterKey).endpoint,
      fetch: guarded.fetch,
      publicUrl,
      now: Date.now,
      onTry: (outcome) => tries.inc({ outcome }),
    }),
    feed: createWebhookFeed({ sql, publicUrl }),
    close: () => guarded.close(),
  };
}
