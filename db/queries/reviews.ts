import type { ReviewStatus } from '../../schemas/review.ts';
import type { TransactionSql } from '../client.ts';
import { openStates } from '../review-seal.ts';
import type { SubjectVault } from '../subject-vault.ts';
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
  /** Empty where it is erased. */
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
  /** As the database keeps it: what an approval is used under. */
  storedDigest: string;
  /** The texts, arguments and digest are gone. */
  erased: boolean;
}

type StoredRow = Omit<ReviewRow, 'storedDigest' | 'erased'> & { subject: string | null };

const columns = (tx: TransactionSql) => tx`
  id, kind, event_id as "eventId", agent_id as "agentId", action, session_id as "sessionId", risk_score as "riskScore", status, action_digest as "actionDigest",
  plan, state, summary, created_at as "createdAt", due_at as "dueAt", expires_at as "expiresAt", decided_at as "decidedAt",
  joined_to as "joinedTo", joined, approval_expires_at as "approvalExpiresAt", consumed_at as "consumedAt", settled_by as "settledBy",
  encode(subject_ref, 'hex') as subject`;

async function opened(vault: SubjectVault, orgId: string, rows: readonly StoredRow[]): Promise<ReviewRow[]> {
  const reviews = await openStates(vault, orgId, rows);
  return rows.flatMap(({ subject: _subject, ...row }, index) => {
    const review = reviews[index];
    if (review === undefined) return [];
    const { state, actionDigest, seal } = review;
    return { ...row, state: JSON.stringify(state), actionDigest, storedDigest: seal.digest, erased: seal.erased };
  });
}

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
export async function listQueue(
  vault: SubjectVault,
  { orgId, after, limit }: { orgId: string; after?: QueuePosition | undefined; limit: number },
): Promise<ReviewRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
    select ${columns(tx)} from review
    where org_id = ${orgId} and status = 'pending' and joined_to is null
      ${after === undefined ? tx`` : tx`and (-risk_score, created_at, id) > (${-after.riskScore}, ${after.createdAt}, ${after.id})`}
    order by risk_score desc, created_at, id limit ${limit}`,
  );
  return opened(vault, orgId, rows);
}

/** Newest first. */
export async function listReviews(vault: SubjectVault, { orgId, status, beforeId, limit }: ReviewsQuery): Promise<ReviewRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
    select ${columns(tx)} from review
    where org_id = ${orgId}
      ${status === undefined ? tx`` : tx`and status = ${status}`}
      ${beforeId === undefined ? tx`` : tx`and (created_at, id) < (select b.created_at, b.id from review b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by created_at desc, id desc limit ${limit}`,
  );
  return opened(vault, orgId, rows);
}

export async function findReview(vault: SubjectVault, { orgId, reviewId }: { orgId: string; reviewId: string }): Promise<ReviewRow | undefined> {
  const rows = await asTenant(vault.sql, orgId, (tx) => tx<StoredRow[]>`select ${columns(tx)} from review where org_id = ${orgId} and id = ${reviewId}`);
  const [review] = await opened(vault, orgId, rows);
  return review;
}
