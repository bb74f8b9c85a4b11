import type { ReviewRecordStatus } from './queries/review-steps.ts';
import { recordSwept, type UnchangedReview } from './queries/sweeps.ts';
import { noteKeys, type ReviewDraft, sealDrafts } from './review-recording.ts';
import type { SubjectVault } from './subject-vault.ts';

/** One group of reviews that are asked together, not sealed yet, and how many reviews that is. */
export type SweepDraft = ReviewDraft & { counts: number };

/** Seals a page of a sweep and records it in one statement, as `recordSwept` does. */
export async function recordSweptDrafts(
  vault: SubjectVault,
  { orgId, sweepId, items: drafts, same }: { orgId: string; sweepId: string; items: readonly SweepDraft[]; same: readonly UnchangedReview[] },
): Promise<Map<string, ReviewRecordStatus> | null> {
  const sealed = await sealDrafts(vault, drafts);
  const items = sealed.map((item, index) => ({ ...item, counts: drafts[index]?.counts ?? 0 }));
  const statuses = await recordSwept(vault.sql, { orgId, sweepId, items, same });
  if (statuses !== null) await noteKeys(vault, items, ({ id }) => statuses.get(id));
  return statuses;
}
