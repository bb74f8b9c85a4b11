import type { Organization } from '../../schemas/organization.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

interface OrganizationRow {
  id: string;
  name: string;
  plan: Organization['plan'];
  policyId: string | null;
  policyVersion: number | null;
}

/** Undefined when there is no such organisation. */
export function findOrganization(sql: Sql, { orgId }: { orgId: string }): Promise<Organization | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<OrganizationRow[]>`
      select org_id as id, name, plan, active_policy_id as "policyId", active_policy_version as "policyVersion"
      from organization where org_id = ${orgId}`;
    if (row === undefined) return undefined;
    const { policyId, policyVersion, ...rest } = row;
    return { ...rest, activePolicy: policyId === null || policyVersion === null ? null : { id: policyId, version: policyVersion } };
  });
}

export interface NewOrganization {
  orgId: string;
  name: string;
  plan: Organization['plan'];
  retentionDays: 7 | 90 | 2555;
  /** Events a month; null: no bound. */
  eventQuota: number | null;
  audit: AuditEntry;
}

/** With its empty ledger. */
export async function createOrganization(sql: Sql, { orgId, name, plan, retentionDays, eventQuota, audit }: NewOrganization): Promise<void> {
  await sql`select create_organization(${orgId}, ${name}, ${plan}, ${retentionDays}, ${eventQuota}, ${auditParameter(audit)}::text::jsonb)`;
}
