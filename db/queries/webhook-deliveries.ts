import type { WebhookDelivery, WebhookDeliveryStatus, WebhookReplay } from '../../schemas/webhook.ts';
import type { WebhookEventType } from '../../schemas/webhook-event.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';
import type { WebhookEndpointName } from './webhook-endpoints.ts';

export interface WebhookDeliveryRow extends Pick<WebhookDelivery, 'messageId' | 'seq' | 'status' | 'round' | 'attempts' | 'httpStatus' | 'lastError'> {
  type: WebhookEventType;
  occurredAt: Date;
  /** Null where nothing waits for a time. */
  nextAt: Date | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export type WebhookDeliveryName = WebhookEndpointName & { messageId: string };

const columns = (tx: TransactionSql) => tx`
  message_id as "messageId", seq, type, occurred_at as "occurredAt", status, round, attempts, http_status as "httpStatus", last_error as "lastError",
  case when status = 'pending' and next_at > '-infinity' then next_at end as "nextAt", created_at as "createdAt", finished_at as "finishedAt"`;

/** Where a page of the log begins: behind this one. */
export interface DeliveryPosition {
  seq: number;
  messageId: string;
}

export interface DeliveriesQuery extends WebhookEndpointName {
  status?: WebhookDeliveryStatus | undefined;
  before?: DeliveryPosition | undefined;
  limit: number;
}

/** Latest event first. */
export function listWebhookDeliveries(sql: Sql, { orgId, endpointId, status, before, limit }: DeliveriesQuery): Promise<WebhookDeliveryRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<WebhookDeliveryRow[]>`
      select ${columns(tx)} from webhook_delivery
      where org_id = ${orgId} and endpoint_id = ${endpointId}
        ${status === undefined ? tx`` : tx`and status = ${status}`}
        ${before === undefined ? tx`` : tx`and (seq, message_id) < (${before.seq}, ${before.messageId})`}
      order by seq desc, message_id desc limit ${limit}`,
  );
}

export function findWebhookDelivery(sql: Sql, { orgId, endpointId, messageId }: WebhookDeliveryName): Promise<WebhookDeliveryRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<WebhookDeliveryRow[]>`
      select ${columns(tx)} from webhook_delivery where org_id = ${orgId} and endpoint_id = ${endpointId} and message_id = ${messageId}`;
    return row;
  });
}

export interface WebhookTryNote extends WebhookDeliveryName {
  round: number;
  /** `pending`: another try follows. */
  status: Exclude<WebhookDeliveryStatus, 'missed'>;
  attempts: number;
  http: number | null;
  error: string | null;
  nextAt: Date | null;
  /** The receiver has too much to do until then. */
  throttledUntil: Date | null;
  /** The receiver wants no more: its endpoint is disabled. */
  gone: boolean;
  /** Where it failed for good: what stands on record, and the id of the alert. */
  failure: { audit: AuditEntry; alertId: string } | null;
}

/** False for a run that has nothing to say any more. */
export async function noteWebhookTry(sql: Sql, note: WebhookTryNote): Promise<boolean> {
  const { orgId, endpointId, messageId, round, status, attempts, http, error, nextAt, throttledUntil, gone, failure } = note;
  const noted = { round, status, attempts, http, error, next_at: nextAt, throttled_until: throttledUntil, alert: failure?.alertId ?? null };
  const [row] = await sql<{ done: boolean }[]>`
    select note_webhook_try(${orgId}, ${endpointId}, ${messageId}, ${JSON.stringify(noted)}::text::jsonb, ${gone},
      ${failure === null ? null : auditParameter(failure.audit)}::text::jsonb) as done`;
  return row?.done === true;
}

export interface WebhookReplayRow extends Omit<WebhookReplay, 'requestedAt' | 'finishedAt'> {
  requestedAt: Date;
  finishedAt: Date | null;
}

export function findWebhookReplay(sql: Sql, { orgId, replayId }: { orgId: string; replayId: string }): Promise<WebhookReplayRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<WebhookReplayRow[]>`
      select id, endpoint_id as "endpointId", scope, status, messages, requested_by as "requestedBy", requested_at as "requestedAt", finished_at as "finishedAt"
      from webhook_replay where org_id = ${orgId} and id = ${replayId}`;
    return row;
  });
}

export interface NewWebhookReplay extends WebhookEndpointName {
  replayId: string;
  requestedBy: string;
  audit: AuditEntry;
}

/** Entries from `fromSeq` on and before `untilSeq`; for `missed` the database knows where to begin. False when the endpoint is gone or disabled. */
export async function openWebhookReplay(
  sql: Sql,
  {
    orgId,
    replayId,
    endpointId,
    scope,
    fromSeq,
    untilSeq,
    requestedBy,
    audit,
  }: NewWebhookReplay & { scope: 'all' | 'missed'; fromSeq: number; untilSeq: number },
): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select open_webhook_replay(${orgId}, ${replayId}, ${endpointId}, ${scope}, ${fromSeq}, ${untilSeq}, ${requestedBy},
      ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

/** False when this endpoint was never to get the message, is gone or disabled. */
export async function replayWebhookMessage(
  sql: Sql,
  { orgId, replayId, endpointId, messageId, requestedBy, audit }: NewWebhookReplay & { messageId: string },
): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select replay_webhook_message(${orgId}, ${replayId}, ${endpointId}, ${messageId}, ${requestedBy}, ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}
