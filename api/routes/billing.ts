import { INCLUDED_EVENTS } from '../../core/plans/included-events.ts';
import type { Sql } from '../../db/client.ts';
import { readUsage, type UsageRow } from '../../db/queries/billing.ts';
import type { Usage } from '../../schemas/billing.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function billingRoutes({ sql }: { sql: Sql }): Handlers<'getUsage'> {
  return {
    async getUsage(_input, { principal: { orgId } }) {
      const row = await readUsage(sql, { orgId });
      if (row === undefined) throw new HttpProblem('not-found');
      return { status: 200, body: usageOf(row) };
    },
  };
}

function usageOf({ plan, eventQuota, month, events }: UsageRow): Usage {
  const start = new Date(`${month}T00:00:00Z`);
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
  return {
    plan,
    period: { start: start.toISOString(), end: end.toISOString() },
    // An organisation's own limit is what its plan includes for it.
    events: { used: events, included: eventQuota ?? INCLUDED_EVENTS[plan], limit: eventQuota },
  };
}
