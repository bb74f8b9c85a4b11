import type { Transport } from './transport.ts';
import { WebhookEndpointsResource } from './webhook-endpoints.ts';
import { MastGuardWebhooks, type WebhookOptions } from './webhooks.ts';

/** Webhooks of a client: verified as by {@link MastGuardWebhooks}, and the endpoints that they are sent to. */
export class WebhookResource extends MastGuardWebhooks {
  readonly endpoints: WebhookEndpointsResource;

  constructor(api: Transport, options?: WebhookOptions) {
    super(options);
    this.endpoints = new WebhookEndpointsResource(api);
  }
}
