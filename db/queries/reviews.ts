import type { ReviewStatus } from '../../schemas/review.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface ReviewRow {
  id: string;
  kind: 'gate' | 'after';
  eventId: string;
  agentId: string;
  action: string;
  sessionId: string | null;
  riskScore: number;
  status: ReviewStatus;
  actionDigest: string;
  /** JSON text of each. */
  plan: string;
  state: string;
  summary: string;
  createdAt: Date;
  dueAt: Date | null;
  expiresAt: Date;
  decidedAt: Date | null;
  joinedTo: string | null;
  joined: string[];
  approvalExpiresAt: Date | null;
  consumedAt: Date | null;
  settledBy: string | null;
}

const columns = (tx: TransactionSql) => tx`
  id, kind, event_id as "eventId", agent_id as "agentId", action, session_id as "sessionId", risk_score as "riskScore", status, action_digest as "actionDigest",
  plan, state, summary, created_at as "createdAt", due_at as "dueAt", expires_at as "expiresAt", decided_at as "decidedAt",
  joined_to as "joinedTo", joined, approval_expires_at as "approvalExpiresAt", consumed_at as "consumedAt", settled_by as "settledBy"`;

export interface ReviewsQuery {
  orgId: string;
  status?: ReviewStatus | undefined;
  /** The last review of the page before. */
  beforeId?: string | undefined;
  limit: number;
}

/** Where a page of the queue goes on: behind this review. */
export interface QueuePosition {
  riskScore: number;
  createdAt: string;
  id: string;
}

/** What waits for people now, highest risk first, then oldest. Reviews that are asked through another one are not in it. */
export function listQueue(sql: Sql, { orgId, after, limit }: { orgId: string; after?: QueuePosition | undefined; limit: number }): Promise<ReviewRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ReviewRow[]>`
    select ${columns(tx)} from review
    where org_id = ${orgId} and status = 'pending' and joined_to is null
      ${after === undefined ? tx`` : tx`and (-risk_score, created_at, id) > (${-after.riskScore}, ${after.createdAt}, ${after.id})`}
    order by risk_score desc, created_at, id limit ${limit}`,
  );
}

/** Newest first. */
export function listReviews(sql: Sql, { orgId, status, beforeId, limit }: ReviewsQuery): Promise<ReviewRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ReviewRow[]>`
    select ${columns(tx)} from review
    where org_id = ${orgId}
      ${status === undefined ? tx`` : tx`and status = ${status}`}
      ${beforeId === undefined ? tx`` : tx`and (created_at, id) < (select b.created_at, b.id from review b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by created_at desc, id desc limit ${limit}`,
  );
}

export function findReview(sql: Sql, { orgId, reviewId }: { orgId: string; reviewId: string }): Promise<ReviewRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [review] = await tx<ReviewRow[]>`select ${columns(tx)} from review where org_id = ${orgId} and id = ${reviewId}`;
    return review;
  });
}
