import { apiList, type ApiList } from './api-list.ts';
import { type ApiPromise, apiPromise, mapAnswer } from './api-promise.ts';
import type {
  BatchResult,
  Decision,
  EvaluationResult,
  EventDetail,
  EventInput,
  EventOutcome,
  EventSummary,
  FailModeInput,
  FailModeReport,
  OutcomeInput,
  Review,
} from './api-types.ts';
import type { HITLResource, WaitOptions } from './hitl.ts';
import { randomId } from './random-id.ts';
import type { IdempotentOptions, RequestOf, RequestOptions, Transport } from './transport.ts';

/** How an action that was decided, or waited for people, came out. */
export interface SettledDecision {
  /** What the agent may do; null: nobody has decided within `timeoutMs`, so it may not act yet. */
  outcome: 'allow' | 'block' | null;
  /** Null where nobody was asked. */
  review: Review | null;
}

export interface GovernedDecision extends Decision {
  /** Waits for the reviewers of a HITL decision; any other is settled already. */
  wait(options?: WaitOptions): Promise<SettledDecision>;
}

/** What agents are about to do, and what was decided. */
export class GovernanceResource {
  readonly events: EventsResource;
  readonly #api: Transport;
  readonly #hitl: HITLResource;

  constructor(api: Transport, hitl: HITLResource) {
    this.events = new EventsResource(api);
    this.#api = api;
    this.#hitl = hitl;
  }

  /**
   * Governs one event and answers the recorded decision. A retry, yours or ours, gets the decision of the first time.
   * @example const decision = await mg.governance.ingest({ agentId: 'billing-assistant', action: 'send_email' })
   */
  ingest(event: EventInput, { idempotencyKey, ...options }: IdempotentOptions = {}): ApiPromise<GovernedDecision> {
    const key = idempotencyKey ?? (event.id === undefined ? randomId('evt_') : undefined);
    const answered = this.#api.send('POST /api/v1/governance/events', { body: event }, { ...options, idempotencyKey: key });
    return apiPromise(mapAnswer(answered, (decision) => this.#withWait(decision)));
  }

  /** Records up to 500 events that have happened already; ALLOW or ALERT each. Where the events have no ids, the key and their place make them. */
  ingestBatch(events: readonly EventInput[], { idempotencyKey = randomId('evt_'), ...options }: IdempotentOptions = {}): ApiPromise<BatchResult> {
    const named = events.map((event, index) => ({ ...event, id: event.id ?? `${idempotencyKey}.${index}` }));
    return apiPromise(this.#api.send('POST /api/v1/governance/events/batch', { body: { events: named } }, options));
  }

  /** What would be decided. Nothing is stored and no quota is charged. */
  evaluate(event: EventInput, options?: RequestOptions): ApiPromise<EvaluationResult> {
    return apiPromise(this.#api.send('POST /api/v1/governance/evaluate', { body: event }, options));
  }

  #withWait(decision: Decision): GovernedDecision {
    const wait = async (options?: WaitOptions): Promise<SettledDecision> => {
      const { value, review: asked } = decision;
      if (value === 'ALLOW' || value === 'ALERT') return { outcome: 'allow', review: null };
      // Whatever a later server may answer: what is not known to be allowed is not.
      if (value !== 'HITL' || asked === undefined) return { outcome: 'block', review: null };
      const review = await this.#hitl.wait(asked.id, options);
      return { outcome: review.outcome, review };
    };
    // Not enumerable: a decision is still the JSON it came as.
    return Object.defineProperty(decision, 'wait', { value: wait }) as GovernedDecision;
  }
}

/** Recorded events. */
export class EventsResource {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Newest first. */
  list(query: RequestOf<'GET /api/v1/governance/events'>['query'] = {}, options?: RequestOptions): ApiList<EventSummary> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/governance/events', { query: { ...query, cursor } }, options));
  }

  /** One event with its decision. */
  get(id: string, options?: RequestOptions): ApiPromise<EventDetail> {
    return apiPromise(this.#api.send('GET /api/v1/governance/events/{id}', { path: { id } }, options));
  }

  /** Tells how the action went, where the decision has an `attestation`. */
  reportOutcome(id: string, outcome: OutcomeInput, options?: RequestOptions): ApiPromise<EventOutcome> {
    return apiPromise(this.#api.send('POST /api/v1/governance/events/{id}/outcome', { path: { id }, body: outcome }, options));
  }

  /** Tells what was done with an event while MastGuard could not be asked. The event is delivered first; the same report again gets the first answer. */
  reportFailMode(id: string, report: FailModeInput, options?: RequestOptions): ApiPromise<FailModeReport> {
    return apiPromise(this.#api.send('POST /api/v1/governance/events/{id}/fail-mode', { path: { id }, body: report }, options));
  }
}
