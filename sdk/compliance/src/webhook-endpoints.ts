import { apiList, type ApiList } from './api-list.ts';
import { type ApiPromise, apiPromise } from './api-promise.ts';
import type {
  CreatedWebhookEndpoint,
  RotateWebhookSecretInput,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointChange,
  WebhookEndpointInput,
  WebhookReplay,
  WebhookReplayInput,
  WebhookTest,
} from './api-types.ts';
import type { RequestOf, RequestOptions, Transport } from './transport.ts';

/** Where webhooks are sent, and what became of them. */
export class WebhookEndpointsResource {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  list(query: RequestOf<'GET /api/v1/webhooks/endpoints'>['query'] = {}, options?: RequestOptions): ApiList<WebhookEndpoint> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/webhooks/endpoints', { query: { ...query, cursor } }, options));
  }

  get(id: string, options?: RequestOptions): ApiPromise<WebhookEndpoint> {
    return apiPromise(this.#api.send('GET /api/v1/webhooks/endpoints/{id}', { path: { id } }, options));
  }

  /** The answer has the `secret`, this once. */
  create(endpoint: WebhookEndpointInput, options?: RequestOptions): ApiPromise<CreatedWebhookEndpoint> {
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints', { body: endpoint }, { ...options, repeatable: false }));
  }

  /** Changes what is given and leaves the rest. */
  update(id: string, change: WebhookEndpointChange, options?: RequestOptions): ApiPromise<WebhookEndpoint> {
    return apiPromise(this.#api.send('PUT /api/v1/webhooks/endpoints/{id}', { path: { id }, body: change }, options));
  }

  delete(id: string, options?: RequestOptions): ApiPromise<void> {
    return apiPromise(this.#api.send('DELETE /api/v1/webhooks/endpoints/{id}', { path: { id } }, options));
  }

  enable(id: string, options?: RequestOptions): ApiPromise<WebhookEndpoint> {
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints/{id}/enable', { path: { id } }, options));
  }

  disable(id: string, options?: RequestOptions): ApiPromise<WebhookEndpoint> {
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints/{id}/disable', { path: { id } }, options));
  }

  /** Sends a `webhook.test` once and answers what came of it. */
  test(id: string, options?: RequestOptions): ApiPromise<WebhookTest> {
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints/{id}/test', { path: { id } }, options));
  }

  /** A new secret, shown this once; the old one goes on signing for a while. */
  rotateSecret(id: string, input: RotateWebhookSecretInput = {}, options?: RequestOptions): ApiPromise<CreatedWebhookEndpoint> {
    const call = { ...options, repeatable: false };
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints/{id}/rotate-secret', { path: { id }, body: input }, call));
  }

  /** Latest event first. */
  deliveries(id: string, query: RequestOf<'GET /api/v1/webhooks/endpoints/{id}/deliveries'>['query'] = {}, options?: RequestOptions): ApiList<WebhookDelivery> {
    const read = (cursor = query.cursor) =>
      this.#api.send('GET /api/v1/webhooks/endpoints/{id}/deliveries', { path: { id }, query: { ...query, cursor } }, options);
    return apiList(read);
  }

  /** Sends one message, a span of time, or everything missed once more, under the same ids. */
  replay(id: string, what: WebhookReplayInput, options?: RequestOptions): ApiPromise<WebhookReplay> {
    return apiPromise(this.#api.send('POST /api/v1/webhooks/endpoints/{id}/replay', { path: { id }, body: what }, { ...options, repeatable: false }));
  }
}
