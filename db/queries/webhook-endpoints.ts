import type { WebhookEventType } from '../../schemas/webhook-event.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

export interface WebhookEndpointRow {
  id: string;
  name: string;
  /** Sealed. */
  config: Buffer;
  types: WebhookEventType[];
  version: number;
  status: 'enabled' | 'disabled';
  disabledReason: 'by-request' | 'gone' | null;
  disabledAt: Date | null;
  missedFrom: number | null;
  failingSince: Date | null;
  lastError: string | null;
  lastDeliveredAt: Date | null;
  throttledUntil: Date | null;
  createdBy: string;
  createdAt: Date;
}

const columns = (tx: TransactionSql) => tx`
  id, name, config, types, version, status, disabled_reason as "disabledReason", disabled_at as "disabledAt", missed_from as "missedFrom",
  failing_since as "failingSince", last_error as "lastError", last_delivered_at as "lastDeliveredAt", throttled_until as "throttledUntil",
  created_by as "createdBy", created_at as "createdAt"`;

/** By id, from behind `afterId`. */
export function listWebhookEndpoints(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<WebhookEndpointRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<WebhookEndpointRow[]>`
      select ${columns(tx)} from webhook_endpoint where org_id = ${orgId} and deleted_at is null and id > ${afterId} order by id limit ${limit}`,
  );
}

export interface WebhookEndpointName {
  orgId: string;
  endpointId: string;
}

/** Undefined for one that is deleted or not there. */
export function findWebhookEndpoint(sql: Sql, { orgId, endpointId }: WebhookEndpointName): Promise<WebhookEndpointRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<WebhookEndpointRow[]>`
      select ${columns(tx)} from webhook_endpoint where org_id = ${orgId} and id = ${endpointId} and deleted_at is null`;
    return row;
  });
}

export interface NewWebhookEndpoint extends Pick<WebhookEndpointRow, 'id' | 'name' | 'config' | 'types' | 'createdBy'> {
  orgId: string;
  /** Endpoints that an organisation may have. */
  most: number;
  audit: AuditEntry;
}

/** False when there are as many as there may be. */
export async function createWebhookEndpoint(sql: Sql, { orgId, id, name, config, types, createdBy, most, audit }: NewWebhookEndpoint): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select create_webhook_endpoint(${orgId}, ${id}, ${name}, ${config}, ${sql.array([...types], 25)}::text[], ${createdBy}, ${most},
      ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

export interface WebhookEndpointChange extends WebhookEndpointName, Pick<WebhookEndpointRow, 'name' | 'config' | 'types' | 'version'> {
  audit: AuditEntry;
}

/** False when it is gone or was changed since `version` was read. */
export async function changeWebhookEndpoint(sql: Sql, { orgId, endpointId, version, name, config, types, audit }: WebhookEndpointChange): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select change_webhook_endpoint(${orgId}, ${endpointId}, ${version}, ${name}, ${config}, ${sql.array([...types], 25)}::text[],
      ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

type Switch = WebhookEndpointName & { audit: AuditEntry };

/** False when there is no such endpoint or it is enabled already. */
export async function enableWebhookEndpoint(sql: Sql, { orgId, endpointId, audit }: Switch): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`select enable_webhook_endpoint(${orgId}, ${endpointId}, ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

/** False when there is no such endpoint or it is disabled already. */
export async function disableWebhookEndpoint(sql: Sql, { orgId, endpointId, audit }: Switch): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`select disable_webhook_endpoint(${orgId}, ${endpointId}, ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

/** False when there is no such endpoint. */
export async function deleteWebhookEndpoint(sql: Sql, { orgId, endpointId, audit }: Switch): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`select delete_webhook_endpoint(${orgId}, ${endpointId}, ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}
