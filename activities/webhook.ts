import { canonicalize } from '../core/json/canonical.ts';
import { messageOf } from '../core/webhooks/message.ts';
import { readRetryAfter } from '../core/retry-after.ts';
import { pauseMs, THROTTLING } from '../core/webhooks/schedule.ts';
import type { Sql } from '../db/client.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import { findWebhookDelivery, noteWebhookTry, type WebhookDeliveryName } from '../db/queries/webhook-deliveries.ts';
import { findWebhookEndpoint } from '../db/queries/webhook-endpoints.ts';
import { listTellingFacts } from '../db/queries/webhook-feed.ts';
import { recordId } from '../db/record-id.ts';
import type { WebhookEndpointConfig, WebhookSeals } from '../db/webhook-seal.ts';
import type { WebhookTest } from '../schemas/webhook.ts';
import type { WebhookMessage } from '../schemas/webhook-event.ts';
import type { GuardedFetch } from './outbound/guarded-fetch.ts';
import { outboundFault } from './outbound/outbound-error.ts';
import { signedHeaders } from './outbound/webhook-signature.ts';
import { messageIdOf } from './webhook-feed.ts';

/** One message to one endpoint, sent anew for the so-manieth time. */
export interface WebhookRound extends WebhookDeliveryName {
  round: number;
}

/** What came of one try. `error` names neither address nor host: it is shown to administrators and kept in histories. */
export type WebhookTry =
  | { kind: 'delivered'; http: number }
  /** `final`: trying again would change nothing. */
  | { kind: 'failed'; http: number | null; error: string; gone: boolean; final: boolean; throttles: boolean; retryAfterMs: number | null }
  /** Not made: the receiver asked for a pause, or has enough to do with other messages. */
  | { kind: 'held'; waitMs: number }
  /** Not made: it is delivered, sent anew by another run, or nobody wants it any more. */
  | { kind: 'over' };

export interface WebhookNote extends WebhookRound {
  result: Extract<WebhookTry, { kind: 'delivered' | 'failed' }>;
  attempts: number;
  /** Null after the last try. */
  nextInMs: number | null;
}

export interface WebhookTestRequest {
  orgId: string;
  endpointId: string;
  testId: string;
}

export interface WebhookActivitiesDeps {
  sql: Sql;
  seal: WebhookSeals['endpoint'];
  fetch: GuardedFetch['fetch'];
  /** Without a slash at the end. */
  publicUrl: string;
  now: () => number;
  /** Told of each try that is noted. */
  onTry?: (outcome: 'delivered' | 'failed' | 'given-up') => void;
  /** Requests to one endpoint at a time, so that a slow one does not take every place. */
  perEndpoint?: number;
}

export type WebhookActivities = ReturnType<typeof createWebhookActivities>;

/** Handing messages over to the other side. Nothing the other side does is an error here. */
export function createWebhookActivities({ sql, seal, fetch, publicUrl, now, onTry = () => undefined, perEndpoint = 4 }: WebhookActivitiesDeps) {
  const underWay = new Map<string, number>();

  /** The content is read from the ledger anew each time, and is the same each time. */
  const contentOf = async (orgId: string, { messageId, seq }: { messageId: string; seq: number }): Promise<WebhookMessage | null> => {
    const facts = await listTellingFacts(sql, { orgId, fromSeq: seq, untilSeq: seq + 1 });
    for (const fact of facts) {
      const draft = messageOf(fact, publicUrl);
      if (draft !== null && messageIdOf(orgId, draft) === messageId) return { type: draft.type, timestamp: draft.timestamp, data: draft.data };
    }
    return null;
  };

  const post = async ({ url, keys }: WebhookEndpointConfig, id: string, message: WebhookMessage): Promise<WebhookNote['result']> => {
    const body = JSON.stringify(message);
    const current = keys.filter(({ endsAt }) => endsAt === undefined || Date.parse(endsAt) > now());
    const headers = signedHeaders({ id, body, atSeconds: Math.floor(now() / 1_000), keys: current });
    try {
      const { status: http, headers: answered } = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'MastGuard', ...headers },
        body,
      });
      if (http >= 200 && http < 300) return { kind: 'delivered', http };
      const retryAfterMs = readRetryAfter(answered['retry-after'], now());
      return { kind: 'failed', http, error: `answered ${http}`, gone: http === 410, final: http === 410, throttles: THROTTLING.has(http), retryAfterMs };
    } catch (error) {
      return notMade(outboundFault(error).error);
    }
  };

  return {
    /** Makes one try, unless there is a reason not to. */
    async sendWebhook({ orgId, endpointId, messageId, round }: WebhookRound): Promise<WebhookTry> {
      const [endpoint, delivery] = await Promise.all([
        findWebhookEndpoint(sql, { orgId, endpointId }),
        findWebhookDelivery(sql, { orgId, endpointId, messageId }),
      ]);
      if (endpoint?.status !== 'enabled' || delivery?.status !== 'pending' || delivery.round !== round) return { kind: 'over' };
      const pause = (endpoint.throttledUntil?.getTime() ?? 0) - now();
      if (pause > 0) return { kind: 'held', waitMs: pause };
      const place = `${orgId}/${endpointId}`;
      const busy = underWay.get(place) ?? 0;
      if (busy >= perEndpoint) return { kind: 'held', waitMs: 0 };
      underWay.set(place, busy + 1);
      try {
        const message = await contentOf(orgId, delivery);
        if (message === null) return { ...notMade('the entry is not on record any more'), final: true };
        return await post(seal.open(endpoint.config, { orgId, id: endpointId }), messageId, message);
      } finally {
        const left = (underWay.get(place) ?? 1) - 1;
        if (left === 0) underWay.delete(place);
        else underWay.set(place, left);
      }
    },

    /** Notes how a try went, and, where it was the last one, puts on record that the message is given up. */
    async noteWebhook({ orgId, endpointId, messageId, round, result, attempts, nextInMs }: WebhookNote): Promise<void> {
      const name = { orgId, endpointId, messageId, round, attempts, http: result.http };
      if (result.kind === 'delivered') {
        await noteWebhookTry(sql, { ...name, status: 'delivered', error: null, nextAt: null, throttledUntil: null, gone: false, failure: null });
        onTry('delivered');
        return;
      }
      const { error, gone, final, throttles, retryAfterMs } = result;
      const isOver = final || nextInMs === null;
      const throttledUntil = throttles ? new Date(now() + pauseMs(retryAfterMs)) : null;
      const alertId = `alr_${recordId(orgId, 'webhook-alert', endpointId, messageId, String(round)).replaceAll('-', '')}`;
      await noteWebhookTry(sql, {
        ...name,
        status: isOver ? 'failed' : 'pending',
        error,
        nextAt: isOver ? null : new Date(now() + nextInMs),
        throttledUntil,
        gone,
        failure: isOver ? { audit: failureOf({ orgId, endpointId, messageId, round }, error, gone), alertId } : null,
      });
      onTry(isOver ? 'given-up' : 'failed');
    },

    /** A message that says it is a test, to an endpoint that may be disabled: whoever repairs one wants to know. */
    async sendWebhookTest({ orgId, endpointId, testId }: WebhookTestRequest): Promise<WebhookTest> {
      const endpoint = await findWebhookEndpoint(sql, { orgId, endpointId });
      if (endpoint === undefined) return { delivered: false, httpStatus: null, error: 'the endpoint is deleted' };
      const config = seal.open(endpoint.config, { orgId, id: endpointId });
      const message: WebhookMessage = { type: 'webhook.test', timestamp: new Date(now()).toISOString(), data: { endpointId } };
      const result = await post(config, `msg_${recordId(orgId, 'webhook-test', testId).replaceAll('-', '')}`, message);
      return { delivered: result.kind === 'delivered', httpStatus: result.http, error: result.kind === 'delivered' ? null : result.error };
    },
  };
}

const notMade = (error: string): Extract<WebhookTry, { kind: 'failed' }> => ({
  kind: 'failed',
  http: null,
  error,
  gone: false,
  final: false,
  throttles: false,
  retryAfterMs: null,
});

/** The same on every retry of the same step. */
function failureOf({ orgId, endpointId, messageId, round }: WebhookRound, error: string, gone: boolean): AuditEntry {
  const type = gone ? 'webhook.endpoint-gone' : 'webhook.given-up';
  const fields = { type, actor: 'system', target: endpointId };
  const id = recordId(orgId, 'webhook-failure', endpointId, messageId, String(round));
  return { id, body: canonicalize({ v: 1, ...fields, requestId: messageId, details: { messageId, round, error } }), fields };
}
