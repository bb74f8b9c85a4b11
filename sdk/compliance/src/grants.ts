import { apiList, type ApiList } from './api-list.ts';
import { type ApiPromise, apiPromise } from './api-promise.ts';
import type { CreateGrantInput, Grant, GrantUse } from './api-types.ts';
import type { RequestOf, RequestOptions, Transport } from './transport.ts';

/** Leave for one agent to use one tool within bounds, for a while, so often. Given by a person: the key must be bound to one. */
export class GrantsResource {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Newest first. */
  list(query: RequestOf<'GET /api/v1/hitl/grants'>['query'] = {}, options?: RequestOptions): ApiList<Grant> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/hitl/grants', { query: { ...query, cursor } }, options));
  }

  create(grant: CreateGrantInput, options?: RequestOptions): ApiPromise<Grant> {
    // Two of them would be twice the leave.
    return apiPromise(this.#api.send('POST /api/v1/hitl/grants', { body: grant }, { ...options, repeatable: false }));
  }

  revoke(id: string, options?: RequestOptions): ApiPromise<void> {
    return apiPromise(this.#api.send('DELETE /api/v1/hitl/grants/{id}', { path: { id } }, options));
  }

  /** The events that a grant has let pass, in order. */
  uses(id: string, query: RequestOf<'GET /api/v1/hitl/grants/{id}/uses'>['query'] = {}, options?: RequestOptions): ApiList<GrantUse> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/hitl/grants/{id}/uses', { path: { id }, query: { ...query, cursor } }, options));
  }
}
