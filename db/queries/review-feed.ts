import type { ReviewStatus } from '../../schemas/review.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** A place in the feed. One ledger position may move several reviews: `reviewId` names the last of them that was told, null means all. */
export interface FeedPlace {
  seq: number;
  reviewId: string | null;
}

export interface FeedRow {
  id: string;
  kind: 'gate' | 'after';
  eventId: string;
  agentId: string;
  action: string;
  sessionId: string | null;
  status: ReviewStatus;
  riskScore: number;
  level: number;
  joinedTo: string | null;
  createdAt: Date;
  dueAt: Date | null;
  decidedAt: Date | null;
  changedSeq: number;
}

/**
 * Reviews that changed behind `after`, in ledger order, as they stand now. Entries of one organisation are committed in that order, so
 * nothing appears later in front of a place that was reached.
 */
export function listChangedReviews(sql: Sql, { orgId, after, limit }: { orgId: string; after: FeedPlace; limit: number }): Promise<FeedRow[]> {
  const from = after.reviewId === null ? { seq: after.seq + 1, reviewId: '' } : after;
  return asTenant(
    sql,
    orgId,
    (tx) => tx<FeedRow[]>`
    select id, kind, event_id as "eventId", agent_id as "agentId", action, session_id as "sessionId", status, risk_score as "riskScore",
           (state::jsonb ->> 'level')::int as level, joined_to as "joinedTo", created_at as "createdAt", due_at as "dueAt", decided_at as "decidedAt",
           changed_seq as "changedSeq"
    from review where org_id = ${orgId} and changed_seq >= ${from.seq} and (changed_seq, id) > (${from.seq}, ${from.reviewId ?? ''})
    order by changed_seq, id limit ${limit}`,
  );
}

/** The last place of the feed; everything told from here on has yet to happen. */
export function findFeedEnd(sql: Sql, { orgId }: { orgId: string }): Promise<number> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ seq: number | null }[]>`select max(changed_seq) as seq from review where org_id = ${orgId}`;
    return row?.seq ?? 0;
  });
}
