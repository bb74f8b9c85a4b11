import type { PlanLimits } from '../../core/plans/plan-limits.ts';
import type { Organization } from '../../schemas/organization.ts';
import type { Sql } from '../client.ts';
import type { AuditEntry } from './audit.ts';

export interface PlanChange extends PlanLimits {
  orgId: string;
  plan: Organization['plan'];
  /**
   * The change itself, and what it makes of the retention of entries that stand: those that apply are appended. The details of the last three have
   * `null` where only the ledger knows the number: `beforeSeq`, and of the last two `noticeAt` and `effectiveAt`.
   */
  audits: { plan: AuditEntry; extended: AuditEntry; reduced: AuditEntry; cancelled: AuditEntry };
}

/** New limits at once, and the retention of what stands with them, in one statement. `unknown`: there is no such organisation. */
export async function changePlan(sql: Sql, { orgId, plan, retentionDays, eventQuota, audits }: PlanChange): Promise<'changed' | 'unchanged' | 'unknown'> {
  const [row] = await sql<{ status: 'changed' | 'unchanged' | 'unknown' }[]>`
    select change_plan(${orgId}, ${plan}, ${retentionDays}, ${eventQuota}, ${JSON.stringify(audits)}::text::jsonb) as status`;
  if (row === undefined) throw new Error('change_plan answered nothing');
  return row.status;
}
