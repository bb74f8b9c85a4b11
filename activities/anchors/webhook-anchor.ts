import { createHash } from 'node:crypto';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { webhookHeaders } from '../outbound/webhook-signature.ts';
import type { Anchor } from './anchor.ts';
import { ask, unwantedAnswer } from './ask.ts';

export interface WebhookAnchorOptions {
  name?: string;
  url: string;
  /** `whsec_` and base64: signs as the webhooks of notification channels are signed. */
  secret: string;
  fetch: GuardedFetch['fetch'];
  now: () => number;
}

/** Sends the newest checkpoint of the deployment log to whoever wants to keep it. Any answer from 200 to 299 is a receipt. */
export function createWebhookAnchor({ name = 'webhook', url, secret, fetch, now }: WebhookAnchorOptions): Anchor {
  return {
    name,
    driver: 'webhook',
    takes: 'newest',
    async publish({ origin, number, size, note }) {
      const id = messageId(origin, number);
      const body = JSON.stringify({ type: 'deployment.checkpoint', timestamp: new Date(now()).toISOString(), data: { origin, number, size, note } });
      const headers = { 'content-type': 'application/json', ...webhookHeaders({ id, body, atSeconds: Math.floor(now() / 1_000) }, secret) };
      const { status } = await ask(fetch, url, { headers, body });
      if (status < 200 || status > 299) throw unwantedAnswer(status);
      return `${status} ${id}`;
    },
  };
}

/** The same on every try, so that receivers can tell a repeated message. */
const messageId = (origin: string, number: number): string => `ckp_${createHash('sha256').update(origin).digest('hex').slice(0, 16)}_${number}`;
