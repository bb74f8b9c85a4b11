import { ApplicationFailure } from '@temporalio/activity';
import { climb, type LadderMove } from '../core/hitl/ladder.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { Sql } from '../db/client.ts';
import { isRecorded } from '../db/queries/ledger.ts';
import { loadReviewLadder, recordReviewStep, type ReviewLadderRow } from '../db/queries/review-steps.ts';
import { recordId } from '../db/record-id.ts';
import type { Json } from '../schemas/json.ts';
import type { Reviewers } from '../schemas/policy.ts';
import type { ReviewStatus, ReviewStep } from '../schemas/review.ts';

/** Where the ladder stands, small enough for workflow history. */
export interface LadderPosition {
  version: number;
  status: ReviewStatus;
  level: number;
  levels: number;
  /** Who may decide this level. */
  reviewers: Reviewers | null;
  dueAtMs: number | null;
  last: ReviewStep | null;
}

export interface ReviewStepRequest {
  orgId: string;
  reviewId: string;
  /** Unique within the review and the same on every retry: `vote/<request id>`, `timeout/<level>`. */
  stepKey: string;
  /** A timeout counts only on the level it was set for. */
  level?: number;
  move: LadderMove;
}

export type ReviewStepOutcome =
  | { kind: 'recorded'; position: LadderPosition }
  | { kind: 'closed'; position: LadderPosition }
  | { kind: 'refused'; code: 'not-a-reviewer' | 'last-level'; detail: string; position: LadderPosition };

export type ReviewActivities = ReturnType<typeof createReviewActivities>;

/** Steps of a review. The row in the database arbitrates: of two steps that race, one is computed again from what the other left. */
export function createReviewActivities({ sql, now }: { sql: Sql; now: () => number }) {
  const load = async (orgId: string, reviewId: string): Promise<ReviewLadderRow> => {
    const row = await loadReviewLadder(sql, { orgId, reviewId });
    if (row === undefined) throw ApplicationFailure.nonRetryable('there is no such review', 'not-found');
    return row;
  };

  return {
    /** Where the review stands now. */
    async readLadder({ orgId, reviewId }: { orgId: string; reviewId: string }): Promise<LadderPosition> {
      return positionOf(await load(orgId, reviewId));
    },

    /** Takes one step and records it; the same `stepKey` again answers what stands. */
    async takeReviewStep({ orgId, reviewId, stepKey, level, move }: ReviewStepRequest): Promise<ReviewStepOutcome> {
      const stepId = recordId(orgId, 'review-step', reviewId, stepKey);
      for (;;) {
        const row = await load(orgId, reviewId);
        const position = positionOf(row);
        const taken = (): Promise<boolean> => isRecorded(sql, { orgId, recordId: stepId });
        // A retried step that closed the review must be told so, not that somebody else did.
        if (row.status !== 'pending') return { kind: (await taken()) ? 'recorded' : 'closed', position };
        if (level !== undefined && row.state.level !== level) return { kind: 'recorded', position };
        const result = climb(row.plan, row.state, move, now(), row.expiresAtMs);
        // So must one that moved the review to a level which its sender may not decide.
        if ('refused' in result && (await taken())) return { kind: 'recorded', position };
        if ('refused' in result) return { kind: 'refused', code: result.refused, detail: result.detail, position };
        const step = result.state.steps.at(-1) as ReviewStep;
        const status = await recordReviewStep(sql, {
          orgId,
          reviewId,
          version: row.version,
          stepId,
          body: canonicalize({ v: 1, reviewId, eventId: row.eventId, actionDigest: row.actionDigest, ...step, status: result.status } as unknown as Json),
          fields: { reviewId, eventId: row.eventId, step: step.step, actor: step.actor },
          ...result,
          decidedAt: result.status === 'pending' ? null : step.at,
        });
        if (status !== 'stale') return { kind: 'recorded', position: positionOf(await load(orgId, reviewId)) };
      }
    },
  };
}

function positionOf(row: ReviewLadderRow): LadderPosition {
  return {
    version: row.version,
    status: row.status,
    level: row.state.level,
    levels: row.plan.levels.length,
    reviewers: row.plan.levels[row.state.level]?.reviewers ?? null,
    dueAtMs: row.dueAtMs,
    last: row.state.steps.at(-1) ?? null,
  };
}
