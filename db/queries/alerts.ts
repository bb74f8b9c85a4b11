import type { AlertCause, AlertStatus } from '../../schemas/alert.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface AlertRow {
  id: string;
  eventId: string;
  agentId: string;
  action: string;
  cause: AlertCause;
  riskScore: number;
  /** JSON text. */
  reasons: string;
  status: AlertStatus;
  reviewId: string | null;
  escalatedTo: string | null;
  createdAt: Date;
  handledAt: Date | null;
  handledBy: string | null;
  note: string | null;
}

const columns = (tx: TransactionSql) => tx`
  id, event_id as "eventId", agent_id as "agentId", action, cause, risk_score as "riskScore", reasons, status, review_id as "reviewId",
  escalated_to as "escalatedTo", created_at as "createdAt", handled_at as "handledAt", handled_by as "handledBy", note`;

/** Highest risk first, then oldest, from behind `afterId`, which may have been handled since. */
export function listOpenAlerts(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId?: string | undefined; limit: number }): Promise<AlertRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<AlertRow[]>`
    select ${columns(tx)} from alert
    where org_id = ${orgId} and status = 'open'
      ${
        afterId === undefined
          ? tx``
          : tx`and (-risk_score, created_at, id) > (select -b.risk_score, b.created_at, b.id from alert b where b.org_id = ${orgId} and b.id = ${afterId})`
      }
    order by risk_score desc, created_at, id limit ${limit}`,
  );
}

export interface AlertsQuery {
  orgId: string;
  status: AlertStatus;
  /** The last alert of the page before. */
  beforeId?: string | undefined;
  limit: number;
}

/** Newest first. */
export function listAlerts(sql: Sql, { orgId, status, beforeId, limit }: AlertsQuery): Promise<AlertRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<AlertRow[]>`
    select ${columns(tx)} from alert
    where org_id = ${orgId} and status = ${status}
      ${beforeId === undefined ? tx`` : tx`and (created_at, id) < (select b.created_at, b.id from alert b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by created_at desc, id desc limit ${limit}`,
  );
}

export function findAlert(sql: Sql, { orgId, alertId }: { orgId: string; alertId: string }): Promise<AlertRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [alert] = await tx<AlertRow[]>`select ${columns(tx)} from alert where org_id = ${orgId} and id = ${alertId}`;
    return alert;
  });
}

/** A review of kind `after` to open. JSON columns as text, times as RFC 3339. */
export interface AfterReviewInput {
  id: string;
  digest: string;
  session_id: string | null;
  plan: string;
  state: string;
  summary: string;
  created_at: string;
  due_at: string;
  expires_at: string;
}

export interface AlertHandling {
  orgId: string;
  alertId: string;
  status: Exclude<AlertStatus, 'open'>;
  memberId: string;
  note: string | null;
  opens: AfterReviewInput | null;
  audit: AuditEntry;
}

/** False when there is no such alert or it was handled before. See `handle_alert` in migration 0009. */
export async function handleAlert(sql: Sql, { orgId, alertId, status, memberId, note, opens, audit }: AlertHandling): Promise<boolean> {
  const [row] = await sql<{ handled: boolean }[]>`
    select handle_alert(${orgId}, ${alertId}, ${status}, ${memberId}, ${note}, ${JSON.stringify(opens)}::text::jsonb, ${auditParameter(audit)}::text::jsonb) as handled`;
  return row?.handled === true;
}
