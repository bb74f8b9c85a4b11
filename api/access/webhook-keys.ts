import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { WebhookKeys } from '../../db/webhook-seal.ts';

const SECRET_BYTES = 32;

/** A symmetric secret as Standard Webhooks writes it. */
export const drawWebhookSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** What a new endpoint's messages are signed with. */
export function drawWebhookKeys(): WebhookKeys {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const base64 = (base64url: string): string => Buffer.from(base64url, 'base64url').toString('base64');
  return { secret: drawWebhookSecret(), signingKey: `whsk_${base64(d)}`, publicKey: `whpk_${base64(x)}` };
}
