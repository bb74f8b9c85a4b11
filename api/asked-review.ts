import { findReview, type ReviewRow } from '../db/queries/reviews.ts';
import type { SubjectVault } from '../db/subject-vault.ts';

/** The review that is asked: one that joined another is decided through it. Undefined when the organisation has no such review. */
export async function findAskedReview(vault: SubjectVault, { orgId, reviewId }: { orgId: string; reviewId: string }): Promise<ReviewRow | undefined> {
  const row = await findReview(vault, { orgId, reviewId });
  return row === undefined ? undefined : askedThrough(vault, orgId, row);
}

/** The same for a review that has been read. */
export async function askedThrough(vault: SubjectVault, orgId: string, row: ReviewRow): Promise<ReviewRow | undefined> {
  return row.joinedTo !== null && row.status === 'pending' ? findReview(vault, { orgId, reviewId: row.joinedTo }) : row;
}
