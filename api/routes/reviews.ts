import { outcomeOf } from '../../core/hitl/ladder.ts';
import type { LadderState } from '../../core/hitl/ladder.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import type { Sql } from '../../db/client.ts';
import { findReview, listReviews } from '../../db/queries/reviews.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { Review } from '../../schemas/review.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { reviewerOf } from '../reviewer.ts';
import type { ReviewSummary } from '../reviewer.ts';

type ReviewRoutes = 'listReviews' | 'getReview' | 'decideReview';

export function reviewRoutes({ sql, runtime }: { sql: Sql; runtime: GovernanceRuntime }): Handlers<ReviewRoutes> {
  const readReview = async (orgId: string, reviewId: string): Promise<ReviewRow> => {
    const row = await findReview(sql, { orgId, reviewId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  /** Reads once, and, where the review was pending, once more after it changed or the time was over. */
  const awaitReview = async (orgId: string, reviewId: string, timeoutMs: number, signal: AbortSignal): Promise<ReviewRow> => {
    const enough = new AbortController();
    // Listens before it reads, so that no change falls between the two.
    const changed = runtime.reviewChanged(orgId, reviewId, { timeoutMs, signal: AbortSignal.any([signal, enough.signal]) });
    try {
      const row = await readReview(orgId, reviewId);
      if (row.status !== 'pending') return row;
      await changed;
      return await readReview(orgId, reviewId);
    } finally {
      enough.abort();
      await changed.catch(() => undefined);
    }
  };

  return {
    async listReviews({ query: { limit = DEFAULT_PAGE_SIZE, cursor, status } }, { principal: { orgId } }) {
      const filters = { status };
      const beforeId = decodeCursor(cursor, 'string', { ...filters, list: 'reviews' });
      const rows = await listReviews(sql, { orgId, status, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'reviews', filters, positionOf: ({ id }) => id, itemOf: reviewOf }) };
    },

    async getReview({ params: { id }, query: { wait = 0 } }, { principal: { orgId }, signal }) {
      const row = wait === 0 ? await readReview(orgId, id) : await awaitReview(orgId, id, wait * 1_000, signal);
      return { status: 200, body: reviewOf(row) };
    },

    async decideReview({ params: { id: reviewId }, body: { verb, reason } }, { principal, requestId }) {
      const { orgId } = principal;
      const row = await readReview(orgId, reviewId);
      const reviewer = await reviewerOf(sql, principal, JSON.parse(row.summary) as ReviewSummary);
      const outcome = await runtime.review({ orgId, reviewId, eventId: row.eventId, verb, ...(reason === undefined ? {} : { reason }), reviewer, requestId });
      if (outcome.kind === 'refused') throw new HttpProblem(outcome.code === 'not-a-reviewer' ? 'not-permitted' : 'conflict', { detail: outcome.detail });
      if (outcome.kind === 'closed') {
        const { status: reviewStatus, last } = outcome;
        throw new HttpProblem('review-decided', {
          detail: `this review is ${reviewStatus}`,
          extras: { reviewStatus, decidedBy: last?.actor ?? null, decidedAt: last?.at ?? null },
        });
      }
      return { status: 200, body: reviewOf(await readReview(orgId, reviewId)) };
    },
  };
}

function reviewOf({ plan, state, summary, createdAt, dueAt, expiresAt, decidedAt, ...row }: ReviewRow): Review {
  const ladder = JSON.parse(plan) as ReviewPlan;
  const { level, steps } = JSON.parse(state) as LadderState;
  const { reasons, policy } = JSON.parse(summary) as ReviewSummary;
  return {
    ...row,
    outcome: outcomeOf(ladder, row.status),
    reasons,
    policy,
    level,
    plan: ladder,
    steps,
    createdAt: createdAt.toISOString(),
    dueAt: dueAt?.toISOString() ?? null,
    expiresAt: expiresAt.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
  };
}
