import type { Organization } from '../../schemas/organization.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface UsageRow {
  plan: Organization['plan'];
  /** Null: no event is refused. */
  eventQuota: number | null;
  /** First day of the month in UTC, `YYYY-MM-DD`. */
  month: string;
  events: number;
}

/** The present month of an organisation, as `governance_settle` counts it. Undefined when there is no such organisation. */
export function readUsage(sql: Sql, { orgId }: { orgId: string }): Promise<UsageRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<UsageRow[]>`
      select o.plan, o.event_quota as "eventQuota", to_char(m.month, 'YYYY-MM-DD') as month, coalesce(u.events, 0) as events
      from organization o
      cross join (select date_trunc('month', now() at time zone 'UTC')::date as month) m
      left join usage_month u on u.org_id = ${orgId} and u.month = m.month
      where o.org_id = ${orgId}`;
    return row;
  });
}
