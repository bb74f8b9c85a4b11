import { type ApiPromise, apiPromise } from './api-promise.ts';
import type { Usage } from './api-types.ts';
import type { RequestOptions, Transport } from './transport.ts';

/** What of the plan has been used. */
export class BillingResource {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Of the present calendar month, in UTC. */
  usage(options?: RequestOptions): ApiPromise<Usage> {
    return apiPromise(this.#api.send('GET /api/v1/billing/usage', {}, options));
  }
}
