import { apiList, type ApiList } from './api-list.ts';
import { type ApiPromise, apiPromise } from './api-promise.ts';
import type { Agent, AgentProfile } from './api-types.ts';
import type { RequestOf, RequestOptions, Transport } from './transport.ts';

/** Agents: registered by their first event, or by their profile. */
export class AgentsResource {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** By id. */
  list(query: RequestOf<'GET /api/v1/governance/agents'>['query'] = {}, options?: RequestOptions): ApiList<Agent> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/governance/agents', { query: { ...query, cursor } }, options));
  }

  get(agentId: string, options?: RequestOptions): ApiPromise<Agent> {
    return apiPromise(this.#api.send('GET /api/v1/governance/agents/{agentId}', { path: { agentId } }, options));
  }

  /** Sets the whole profile: what is absent is not kept. */
  update(agentId: string, profile: AgentProfile, options?: RequestOptions): ApiPromise<Agent> {
    return apiPromise(this.#api.send('PUT /api/v1/governance/agents/{agentId}', { path: { agentId }, body: profile }, options));
  }

  /** Blocks whatever the agent does from now on. */
  stop(agentId: string, { reason }: { reason: string }, options?: RequestOptions): ApiPromise<Agent> {
    return apiPromise(this.#api.send('POST /api/v1/governance/agents/{agentId}/stop', { path: { agentId }, body: { reason } }, options));
  }

  resume(agentId: string, options?: RequestOptions): ApiPromise<Agent> {
    return apiPromise(this.#api.send('POST /api/v1/governance/agents/{agentId}/resume', { path: { agentId } }, options));
  }
}
