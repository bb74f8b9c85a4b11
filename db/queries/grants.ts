import type { Sql, TransactionSql } from '../client.ts';
import type { SubjectVault } from '../subject-vault.ts';
import { openTexts, sealText } from '../text-seal.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface GrantRow {
  id: string;
  agentId: string;
  tool: string;
  /** JSON text. */
  bounds: string;
  sessionId: string | null;
  reviewId: string | null;
  expiresAt: Date;
  maxUses: number;
  uses: number;
  reason: string;
  grantedBy: string;
  createdAt: Date;
  revokedAt: Date | null;
}

/** As read: the reason is sealed where the grant comes from a review. */
type StoredRow = GrantRow & { reasonSealed: string | null };

const columns = (tx: TransactionSql) => tx`
  id, agent_id as "agentId", tool, bounds, session_id as "sessionId", review_id as "reviewId", expires_at as "expiresAt", max_uses as "maxUses", uses,
  coalesce(reason, '') as reason, reason_sealed as "reasonSealed", granted_by as "grantedBy", created_at as "createdAt", revoked_at as "revokedAt"`;

const reasonPlace = (grantId: string): string => `grant/${grantId}`;

async function opened(vault: SubjectVault, orgId: string, rows: readonly StoredRow[]): Promise<GrantRow[]> {
  const reasons = await openTexts(
    vault,
    orgId,
    rows.map(({ id, reasonSealed }) => ({ place: reasonPlace(id), sealed: reasonSealed })),
  );
  return rows.map(({ reasonSealed: _sealed, reason, ...row }, index) => ({ ...row, reason: reasons[index] ?? reason }));
}

/** The reason of a grant that comes from a review, as it is kept. */
export const sealReason = (vault: SubjectVault, orgId: string, { grantId, subject, text }: { grantId: string; subject: string; text: string }): string =>
  sealText(vault, orgId, { place: reasonPlace(grantId), subject, text }).text;

export interface GrantsQuery {
  orgId: string;
  agentId?: string | undefined;
  /** The last grant of the page before. */
  beforeId?: string | undefined;
  limit: number;
}

/** Newest first: ids sort by time. */
export async function listGrants(vault: SubjectVault, { orgId, agentId, beforeId, limit }: GrantsQuery): Promise<GrantRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
    select ${columns(tx)} from approval_grant
    where org_id = ${orgId}
      ${agentId === undefined ? tx`` : tx`and agent_id = ${agentId}`}
      ${beforeId === undefined ? tx`` : tx`and id < ${beforeId}`}
    order by id desc limit ${limit}`,
  );
  return opened(vault, orgId, rows);
}

export async function findGrant(vault: SubjectVault, { orgId, grantId }: { orgId: string; grantId: string }): Promise<GrantRow | undefined> {
  const rows = await asTenant(vault.sql, orgId, (tx) => tx<StoredRow[]>`select ${columns(tx)} from approval_grant where org_id = ${orgId} and id = ${grantId}`);
  const [grant] = await opened(vault, orgId, rows);
  return grant;
}

/** As the columns of `approval_grant`; times as RFC 3339. */
export interface NewGrant {
  id: string;
  agent_id: string;
  tool: string;
  /** JSON text. */
  bounds: string;
  session_id: string | null;
  review_id: string | null;
  expires_at: string;
  max_uses: number;
  /** One of the two. */
  reason: string | null;
  reason_sealed?: string | null;
  granted_by: string;
}

/** Decisions of every process see it from the next one on. */
export async function createGrant(sql: Sql, { orgId, grant, audit }: { orgId: string; grant: NewGrant; audit: AuditEntry }): Promise<void> {
  await sql`select create_grant(${orgId}, ${JSON.stringify(grant)}::text::jsonb, ${auditParameter(audit)}::text::jsonb)`;
}

export interface GrantRevocation {
  orgId: string;
  grantId: string;
  /** `key:<id>` or `member:<id>`. */
  revokedBy: string;
  audit: AuditEntry;
}

/** False when there is no such grant or it was revoked before. No decision that was computed with it is recorded afterwards. */
export async function revokeGrant(sql: Sql, { orgId, grantId, revokedBy, audit }: GrantRevocation): Promise<boolean> {
  const [row] = await sql<{ revoked: boolean }[]>`select revoke_grant(${orgId}, ${grantId}, ${revokedBy}, ${auditParameter(audit)}::text::jsonb) as revoked`;
  return row?.revoked === true;
}

export interface GrantUseRow {
  eventId: string;
  at: Date;
}

/** In order, from behind the use by `afterEventId`. */
export function listGrantUses(
  sql: Sql,
  { orgId, grantId, afterEventId, limit }: { orgId: string; grantId: string; afterEventId?: string | undefined; limit: number },
): Promise<GrantUseRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<GrantUseRow[]>`
    select event_id as "eventId", at from approval_grant_use
    where org_id = ${orgId} and grant_id = ${grantId}
      ${
        afterEventId === undefined
          ? tx``
          : tx`and (at, event_id) > (select u.at, u.event_id from approval_grant_use u where u.org_id = ${orgId} and u.grant_id = ${grantId} and u.event_id = ${afterEventId})`
      }
    order by at, event_id limit ${limit}`,
  );
}
