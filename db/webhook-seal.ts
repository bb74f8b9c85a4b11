import { createJsonSeal, type JsonSeal } from './json-seal.ts';

/** What messages to one endpoint are signed with. */
export interface WebhookKeys {
  /** `whsec_` and base64: HMAC-SHA-256, signatures `v1`. */
  secret: string;
  /** `whsk_` and the 32 bytes of an Ed25519 seed in base64: signatures `v1a`. Never shown. */
  signingKey: string;
  /** `whpk_` and base64. */
  publicKey: string;
  /** RFC 3339; absent on the newest. */
  endsAt?: string;
}

export interface WebhookEndpointConfig {
  url: string;
  /** Newest first. */
  keys: WebhookKeys[];
}

/** Keeps URLs and keys of webhooks, and the secrets of what comes in, unreadable to whoever has the database alone. */
export interface WebhookSeals {
  endpoint: JsonSeal<WebhookEndpointConfig>;
  inbound: JsonSeal<{ secret: string }>;
}

export const createWebhookSeals = (masterKey: Uint8Array): WebhookSeals => ({
  endpoint: createJsonSeal(masterKey, 'mastguard-webhook'),
  inbound: createJsonSeal(masterKey, 'mastguard-webhook-inbound'),
});
