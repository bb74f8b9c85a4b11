import { apiList, type ApiList } from './api-list.ts';
import { type ApiPromise, apiPromise } from './api-promise.ts';
import type { BatchDecision, BatchDecisionAnswers, ConsumedApproval, ConsumeInput, Review, ReviewDecisionInput } from './api-types.ts';
import { MastGuardConnectionError } from './errors.ts';
import { GrantsResource } from './grants.ts';
import { randomId } from './random-id.ts';
import { sleep } from './sleep.ts';
import type { IdempotentOptions, RequestOf, RequestOptions, Transport } from './transport.ts';
import { within } from './within.ts';

export interface WaitOptions {
  /** Ends the wait; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Of the whole wait. Default: until the review is settled, which it is when its time runs out at the latest. */
  timeoutMs?: number | undefined;
  /** Of each question to the server. Default 8: a restart of the server does not end the wait. */
  maxRetries?: number | undefined;
}

/** As long as one question is held by the server. */
const HELD_SECONDS = 30;
/** For the answer to the last question, which is asked when the time is over. */
const LAST_ANSWER_MS = 2_000;

/** Reviews: what waits for people, what they decide, and the use of an approval. */
export class HITLResource {
  readonly grants: GrantsResource;
  readonly #api: Transport;

  constructor(api: Transport) {
    this.grants = new GrantsResource(api);
    this.#api = api;
  }

  /** Newest first. */
  list(query: RequestOf<'GET /api/v1/hitl/reviews'>['query'] = {}, options?: RequestOptions): ApiList<Review> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/hitl/reviews', { query: { ...query, cursor } }, options));
  }

  /** What waits, highest risk first, then oldest. */
  queue(query: RequestOf<'GET /api/v1/hitl/queue'>['query'] = {}, options?: RequestOptions): ApiList<Review> {
    return apiList((cursor = query.cursor) => this.#api.send('GET /api/v1/hitl/queue', { query: { ...query, cursor } }, options));
  }

  /** With `wait`, seconds up to 55, the answer comes when a pending review changes or they are over. */
  get(id: string, query: RequestOf<'GET /api/v1/hitl/reviews/{id}'>['query'] = {}, options?: RequestOptions): ApiPromise<Review> {
    return apiPromise(this.#api.send('GET /api/v1/hitl/reviews/{id}', { path: { id }, query }, { ...options, heldMs: (query.wait ?? 0) * 1_000 }));
  }

  /**
   * The review once it is settled; still `pending` where `timeoutMs` is over before.
   * @throws MastGuardConnectionError `timeout` where it is over and no answer has come at all
   */
  async wait(id: string, { signal, timeoutMs = Infinity, maxRetries = 8 }: WaitOptions = {}): Promise<Review> {
    const untilMs = Date.now() + timeoutMs;
    const leftMs = (): number => Math.max(0, untilMs - Date.now());
    const late = new MastGuardConnectionError(`no answer about the review within ${timeoutMs} ms`, { code: 'timeout' });
    let review: Review | undefined;
    try {
      // Retries would go on beyond the time, and so would a question that hangs.
      return await within(timeoutMs + LAST_ANSWER_MS, { signal, late }, async (ended) => {
        for (;;) {
          review = await this.get(id, { wait: Math.min(HELD_SECONDS, Math.floor(leftMs() / 1_000)) }, { signal: ended, maxRetries });
          if (review.status !== 'pending' || Date.now() >= untilMs) return review;
          // Held questions end early when the review moves or the server stops: many who wait must not all be back at once.
          await sleep(Math.min(leftMs(), 250 + Math.random() * 250), ended);
        }
      });
    } catch (error) {
      if (error === late && review !== undefined) return review;
      throw error;
    }
  }

  /** Decides as the person whom the key is bound to. */
  decide(id: string, decision: ReviewDecisionInput, options?: RequestOptions): ApiPromise<Review> {
    return apiPromise(this.#api.send('POST /api/v1/hitl/reviews/{id}/decision', { path: { id }, body: decision }, options));
  }

  /** Decides up to 100 reviews in one operation; every one has an answer of its own. */
  decideMany(decisions: readonly BatchDecision[], options?: RequestOptions): ApiPromise<BatchDecisionAnswers> {
    return apiPromise(this.#api.send('POST /api/v1/hitl/decisions', { body: { decisions: [...decisions] } }, options));
  }

  /** The agent no longer asks. */
  withdraw(id: string, { reason }: { reason?: string | undefined } = {}, options?: RequestOptions): ApiPromise<Review> {
    return apiPromise(this.#api.send('POST /api/v1/hitl/reviews/{id}/withdraw', { path: { id }, body: { reason } }, options));
  }

  /**
   * Uses an approval, once, for the action of this digest, right before acting.
   * @throws MastGuardConflictError with its `refusal` where the agent must not act.
   * @example await mg.hitl.consume(review.id, { digest: actionDigest(event, review.policy?.version ?? null) })
   */
  consume(id: string, { digest }: ConsumeInput, { idempotencyKey = randomId('use_'), ...options }: IdempotentOptions = {}): ApiPromise<ConsumedApproval> {
    const call = { ...options, idempotencyKey };
    return apiPromise(this.#api.send('POST /api/v1/hitl/reviews/{id}/consume', { path: { id }, body: { digest } }, call));
  }
}
