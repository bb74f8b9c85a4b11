import type { SubjectVault } from '../../db/subject-vault.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { batchDecisionRoutes } from './batch-decisions.ts';
import { reviewFeedRoutes } from './review-feed.ts';
import { reviewerLoadRoutes } from './reviewer-load.ts';

/** What people need who have many reviews before them. */
export function reviewWorkRoutes({
  vault,
  runtime,
  now,
}: {
  vault: SubjectVault;
  runtime: GovernanceRuntime;
  now: () => number;
}): Handlers<'decideReviews' | 'followReviews' | 'listReviewers'> {
  const { sql } = vault;
  return { ...batchDecisionRoutes({ sql, runtime }), ...reviewFeedRoutes({ sql, runtime }), ...reviewerLoadRoutes({ vault, now }) };
}
