import type { Sql } from '../../db/client.ts';
import { findWebhookReplay, openWebhookReplay, replayWebhookMessage, type WebhookReplayRow } from '../../db/queries/webhook-deliveries.ts';
import { findWebhookEndpoint } from '../../db/queries/webhook-endpoints.ts';
import { findSeqOfTime } from '../../db/queries/webhook-feed.ts';
import type { JsonObject } from '../../schemas/json.ts';
import type { WebhookReplay, WebhookReplayInput } from '../../schemas/webhook.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { HttpProblem } from '../problem.ts';

/** Sending again what was sent, or never was. The order stands on record; the messages follow. */
export function webhookReplayRoutes({ sql }: { sql: Sql }): Handlers<'replayWebhooks'> {
  /** The entries of a span of time, or whatever was not taken: where that begins and ends the database knows. */
  const spanOf = async (
    orgId: string,
    body: Exclude<WebhookReplayInput, { messageId: string }>,
  ): Promise<{ scope: 'all' | 'missed'; fromSeq: number; untilSeq: number }> => {
    if ('missed' in body) return { scope: 'missed', fromSeq: 0, untilSeq: Number.MAX_SAFE_INTEGER };
    const { since, until } = body;
    if (until !== undefined && Date.parse(until) <= Date.parse(since)) {
      throw new HttpProblem('validation-failed', { errors: [{ pointer: '/until', detail: 'must be after `since`' }] });
    }
    const fromSeq = await findSeqOfTime(sql, { orgId, at: since });
    return { scope: 'all', fromSeq, untilSeq: until === undefined ? Number.MAX_SAFE_INTEGER : await findSeqOfTime(sql, { orgId, at: until }) };
  };

  return {
    async replayWebhooks({ params: { id: endpointId }, body }, { principal, requestId }) {
      const { orgId } = principal;
      const endpoint = await findWebhookEndpoint(sql, { orgId, endpointId });
      if (endpoint === undefined) throw new HttpProblem('not-found');
      if (endpoint.status !== 'enabled') throw DISABLED();
      const replayId = newId('whr');
      const requestedBy = requesterOf(principal);
      const audit = auditEntry({ type: 'webhook.replayed', actor: requestedBy, target: endpointId, requestId, details: { replayId, ...askedFor(body) } });
      const order = { orgId, replayId, endpointId, requestedBy, audit };
      if ('messageId' in body) {
        if (!(await replayWebhookMessage(sql, { ...order, messageId: body.messageId }))) {
          throw new HttpProblem('validation-failed', { errors: [{ pointer: '/messageId', detail: 'no message of this endpoint' }] });
        }
      } else if (!(await openWebhookReplay(sql, { ...order, ...(await spanOf(orgId, body)) }))) {
        throw DISABLED();
      }
      const replay = await findWebhookReplay(sql, { orgId, replayId });
      if (replay === undefined) throw new Error('a replay is gone right after it was ordered');
      return { status: 202, body: replayOf(replay) };
    },
  };
}

const askedFor = (body: WebhookReplayInput): JsonObject => ('since' in body ? { since: body.since, until: body.until ?? null } : body);

const DISABLED = (): HttpProblem => new HttpProblem('conflict', { detail: 'the endpoint is disabled: enable it first' });

function replayOf({ requestedAt, finishedAt, ...row }: WebhookReplayRow): WebhookReplay {
  return { ...row, requestedAt: requestedAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
}
