import type { AlertCause, AlertStatus } from '../../schemas/alert.ts';
import type { Sql, TransactionSql } from '../client.ts';
import type { SubjectVault } from '../subject-vault.ts';
import { openTexts, sealText } from '../text-seal.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface AlertRow {
  id: string;
  /** Null, as are agent and action, of an alert about the ledger. */
  eventId: string | null;
  agentId: string | null;
  action: string | null;
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

/** As read: the note is sealed where the alert is about an event. */
type StoredRow = AlertRow & { noteSealed: string | null };

const columns = (tx: TransactionSql) => tx`
  id, event_id as "eventId", agent_id as "agentId", action, cause, risk_score as "riskScore", reasons, status, review_id as "reviewId",
  escalated_to as "escalatedTo", created_at as "createdAt", handled_at as "handledAt", handled_by as "handledBy", note, note_sealed as "noteSealed"`;

const notePlace = (alertId: string): string => `alert/${alertId}`;

async function opened(vault: SubjectVault, orgId: string, rows: readonly StoredRow[]): Promise<AlertRow[]> {
  const notes = await openTexts(
    vault,
    orgId,
    rows.map(({ id, noteSealed }) => ({ place: notePlace(id), sealed: noteSealed })),
  );
  return rows.map(({ noteSealed: _sealed, note, ...row }, index) => ({ ...row, note: notes[index] ?? note }));
}

/** The note of an alert about an event, as it is kept. */
export const sealNote = (vault: SubjectVault, orgId: string, { alertId, subject, text }: { alertId: string; subject: string; text: string }) =>
  sealText(vault, orgId, { place: notePlace(alertId), subject, text });

/** Highest risk first, then oldest, from behind `afterId`, which may have been handled since. */
export async function listOpenAlerts(
  vault: SubjectVault,
  { orgId, afterId, limit }: { orgId: string; afterId?: string | undefined; limit: number },
): Promise<AlertRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
    select ${columns(tx)} from alert
    where org_id = ${orgId} and status = 'open'
      ${
        afterId === undefined
          ? tx``
          : tx`and (-risk_score, created_at, id) > (select -b.risk_score, b.created_at, b.id from alert b where b.org_id = ${orgId} and b.id = ${afterId})`
      }
    order by risk_score desc, created_at, id limit ${limit}`,
  );
  return opened(vault, orgId, rows);
}

export interface AlertsQuery {
  orgId: string;
  status: AlertStatus;
  /** The last alert of the page before. */
  beforeId?: string | undefined;
  limit: number;
}

/** Newest first. */
export async function listAlerts(vault: SubjectVault, { orgId, status, beforeId, limit }: AlertsQuery): Promise<AlertRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
    select ${columns(tx)} from alert
    where org_id = ${orgId} and status = ${status}
      ${beforeId === undefined ? tx`` : tx`and (created_at, id) < (select b.created_at, b.id from alert b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by created_at desc, id desc limit ${limit}`,
  );
  return opened(vault, orgId, rows);
}

export async function findAlert(vault: SubjectVault, { orgId, alertId }: { orgId: string; alertId: string }): Promise<AlertRow | undefined> {
  const rows = await asTenant(vault.sql, orgId, (tx) => tx<StoredRow[]>`select ${columns(tx)} from alert where org_id = ${orgId} and id = ${alertId}`);
  const [alert] = await opened(vault, orgId, rows);
  return alert;
}

/** A review of kind `after` to open, as the row keeps it. JSON columns as text, times as RFC 3339. */
export interface AfterReviewInput {
  id: string;
  digest: string;
  subject?: string;
  subject_version?: number;
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
  /** Of an alert about no event. */
  note: string | null;
  opens: AfterReviewInput | null;
  /** With the sealed note of any other. */
  audit: AuditEntry & { noteSealed?: string };
}

/** False when there is no such alert or it was handled before. Raises MG001 where a key is out of date. See `handle_alert` in migration 0016. */
export async function handleAlert(sql: Sql, { orgId, alertId, status, memberId, note, opens, audit }: AlertHandling): Promise<boolean> {
  const [row] = await sql<{ handled: boolean }[]>`
    select handle_alert(${orgId}, ${alertId}, ${status}, ${memberId}, ${note}, ${JSON.stringify(opens)}::text::jsonb, ${auditParameter(audit)}::text::jsonb) as handled`;
  return row?.handled === true;
}
