import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface RecentEventRow {
  seq: number;
  at: Date;
  /** RFC 8785 text of a `StoredEventRecord`. */
  body: string;
}

/** Newest first, with bodies: reasons and detectors stand nowhere else. */
export function listRecentEvents(sql: Sql, { orgId, limit }: { orgId: string; limit: number }): Promise<RecentEventRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<RecentEventRow[]>`
    select seq, at, body from agent_events where org_id = ${orgId} order by seq desc limit ${limit}`,
  );
}

export interface DueReviewRow {
  id: string;
  agentId: string;
  action: string;
  riskScore: number;
  reasons: string[];
  dueAt: Date;
}

/** Pending reviews, the one due first at the top. */
export function listDueReviews(sql: Sql, { orgId, limit }: { orgId: string; limit: number }): Promise<DueReviewRow[]> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<(Omit<DueReviewRow, 'reasons'> & { summary: string })[]>`
      select id, agent_id as "agentId", action, risk_score as "riskScore", summary, coalesce(due_at, expires_at) as "dueAt"
      from review where org_id = ${orgId} and status = 'pending'
      order by coalesce(due_at, expires_at), id limit ${limit}`;
    return rows.map(({ summary, ...row }) => ({ ...row, reasons: (JSON.parse(summary) as { reasons: string[] }).reasons }));
  });
}
