import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface PolicyRow {
  id: string;
  name: string;
  latestVersion: number;
  activeVersion: number | null;
  createdAt: Date;
}

const policies = (tx: TransactionSql, orgId: string) => tx`
  select p.id, p.name, p.latest_version as "latestVersion", o.active_policy_version as "activeVersion", p.created_at as "createdAt"
  from policy p left join organization o on o.org_id = p.org_id and o.active_policy_id = p.id
  where p.org_id = ${orgId}`;

/** By id, from behind `afterId`. */
export function listPolicies(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<PolicyRow[]> {
  return asTenant(sql, orgId, (tx) => tx<PolicyRow[]>`${policies(tx, orgId)} and p.id > ${afterId} order by p.id limit ${limit}`);
}

export function findPolicy(sql: Sql, { orgId, policyId }: { orgId: string; policyId: string }): Promise<PolicyRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [policy] = await tx<PolicyRow[]>`${policies(tx, orgId)} and p.id = ${policyId}`;
    return policy;
  });
}

export interface PolicyVersionRow {
  policyId: string;
  version: number;
  /** RFC 8785 text. */
  document: string;
  digest: string;
  createdAt: Date;
  createdBy: string;
}

const versionColumns = (tx: TransactionSql) => tx`
  policy_id as "policyId", version, document, encode(digest, 'hex') as digest, created_at as "createdAt", created_by as "createdBy"`;

/** Newest first, from below `beforeVersion`. */
export function listPolicyVersions(
  sql: Sql,
  { orgId, policyId, beforeVersion, limit }: { orgId: string; policyId: string; beforeVersion: number; limit: number },
): Promise<PolicyVersionRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<PolicyVersionRow[]>`
    select ${versionColumns(tx)} from policy_version
    where org_id = ${orgId} and policy_id = ${policyId} and version < ${beforeVersion} order by version desc limit ${limit}`,
  );
}

export function findPolicyVersion(
  sql: Sql,
  { orgId, policyId, version }: { orgId: string; policyId: string; version: number },
): Promise<PolicyVersionRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<PolicyVersionRow[]>`
      select ${versionColumns(tx)} from policy_version where org_id = ${orgId} and policy_id = ${policyId} and version = ${version}`;
    return row;
  });
}

export interface NewPolicyDocument {
  orgId: string;
  policyId: string;
  /** RFC 8785 text. */
  document: string;
  /** SHA-256 of the document. */
  digest: Buffer;
  createdBy: string;
  audit: AuditEntry;
}

/** Raises 23505 when the organisation has a policy of this name. */
export async function createPolicy(
  sql: Sql,
  { orgId, policyId, name, document, digest, createdBy, audit }: NewPolicyDocument & { name: string },
): Promise<void> {
  await sql`select create_policy(${orgId}, ${policyId}, ${name}, ${document}, ${digest}, ${createdBy}, ${auditParameter(audit)}::text::jsonb)`;
}

/** The number of the new version; null when there is no such policy. */
export async function createPolicyVersion(sql: Sql, { orgId, policyId, document, digest, createdBy, audit }: NewPolicyDocument): Promise<number | null> {
  const [row] = await sql<{ version: number | null }[]>`
    select create_policy_version(${orgId}, ${policyId}, ${document}, ${digest}, ${createdBy}, ${auditParameter(audit)}::text::jsonb) as version`;
  return row?.version ?? null;
}

/** False when there is no such version. */
export async function activatePolicy(
  sql: Sql,
  { orgId, policyId, version, audit }: { orgId: string; policyId: string; version: number; audit: AuditEntry },
): Promise<boolean> {
  const [row] = await sql<
    { activated: boolean }[]
  >`select activate_policy(${orgId}, ${policyId}, ${version}, ${auditParameter(audit)}::text::jsonb) as activated`;
  return row?.activated === true;
}
