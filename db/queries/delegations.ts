import type { DatedDelegation } from '../../core/hitl/delegation-cycle.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface DelegationRow {
  id: string;
  from: string;
  to: string;
  startsAt: Date;
  endsAt: Date;
  reason: string | null;
  createdBy: string;
  createdAt: Date;
  revokedAt: Date | null;
}

const columns = (tx: TransactionSql) => tx`
  id, from_member as "from", to_member as "to", starts_at as "startsAt", ends_at as "endsAt", reason, created_by as "createdBy",
  created_at as "createdAt", revoked_at as "revokedAt"`;

/** Newest first, from before `beforeId`. */
export function listDelegations(
  sql: Sql,
  { orgId, beforeId, limit }: { orgId: string; beforeId?: string | undefined; limit: number },
): Promise<DelegationRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<DelegationRow[]>`
    select ${columns(tx)} from delegation
    where org_id = ${orgId} ${beforeId === undefined ? tx`` : tx`and id < ${beforeId}`} order by id desc limit ${limit}`,
  );
}

export function findDelegation(sql: Sql, { orgId, delegationId }: { orgId: string; delegationId: string }): Promise<DelegationRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<DelegationRow[]>`select ${columns(tx)} from delegation where org_id = ${orgId} and id = ${delegationId}`;
    return row;
  });
}

/** Those not revoked whose period touches this one. */
export function delegationsWithin(sql: Sql, { orgId, startsAt, endsAt }: { orgId: string; startsAt: Date; endsAt: Date }): Promise<DatedDelegation[]> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<{ from: string; to: string; startsAt: Date; endsAt: Date }[]>`
      select from_member as "from", to_member as "to", starts_at as "startsAt", ends_at as "endsAt" from delegation
      where org_id = ${orgId} and revoked_at is null and starts_at < ${endsAt} and ends_at > ${startsAt} order by id`;
    return rows.map((row) => ({ from: row.from, to: row.to, startsAtMs: row.startsAt.getTime(), endsAtMs: row.endsAt.getTime() }));
  });
}

export interface NewDelegation {
  orgId: string;
  id: string;
  from: string;
  to: string;
  startsAt: Date;
  endsAt: Date;
  reason: string | null;
  createdBy: string;
  audit: AuditEntry;
}

/** `circular`: another one, saved before, makes this one the end of a circle; nothing was written. */
export async function createDelegation(
  sql: Sql,
  { orgId, id, from, to, startsAt, endsAt, reason, createdBy, audit }: NewDelegation,
): Promise<'created' | 'circular'> {
  const [row] = await sql<{ outcome: 'created' | 'circular' }[]>`
    select create_delegation(${orgId}, ${id}, ${from}, ${to}, ${startsAt}, ${endsAt}, ${reason}, ${createdBy}, ${auditParameter(audit)}::text::jsonb) as outcome`;
  if (row === undefined) throw new Error('create_delegation answered nothing');
  return row.outcome;
}

/** False when there is no such delegation or it was revoked before. */
export async function revokeDelegation(sql: Sql, { orgId, delegationId, audit }: { orgId: string; delegationId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ revoked: boolean }[]>`select revoke_delegation(${orgId}, ${delegationId}, ${auditParameter(audit)}::text::jsonb) as revoked`;
  return row?.revoked === true;
}
