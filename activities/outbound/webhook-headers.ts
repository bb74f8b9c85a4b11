import { createHmac } from 'node:crypto';

/** Standard Webhooks: `webhook-id`, `webhook-timestamp` and an HMAC-SHA-256 of both and the body. Without a secret only the first two. */
export function webhookHeaders(id: string, body: string, secret: string | undefined, atSeconds: number): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(atSeconds) };
  if (secret === undefined) return headers;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return { ...headers, 'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')}` };
}
