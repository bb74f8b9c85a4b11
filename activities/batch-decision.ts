import { ApplicationFailure } from '@temporalio/activity';
import { climb } from '../core/hitl/ladder.ts';
import { recordedAmong } from '../db/queries/ledger.ts';
import { isRevoked } from '../db/queries/revocations.ts';
import { standingsFor } from '../db/queries/standing.ts';
import { recordReviewDrafts, type ReviewDraft } from '../db/review-recording.ts';
import type { BatchDecision, BatchDecisionAnswer } from '../schemas/batch-decision.ts';
import { ERASED, loadAskedGroups, REVOKED } from './asked-groups.ts';
import { type Ballot, ballotsOf, moveOf, statementsOf } from './batch-ballots.ts';
import { joinedKeyOf, recordItem, stepIdOf } from './review-record.ts';
import type { SweepActivitiesDeps, WaitingRun } from './sweep.ts';

export interface BatchRequest {
  orgId: string;
  /** The same for every retry of the batch, and for no other batch. */
  batchKey: string;
  memberId: string;
  via: string;
  decisions: BatchDecision[];
}

export interface BatchOutcome {
  /** In the order of the decisions. */
  answers: BatchDecisionAnswer[];
  /** Runs whose reviews have moved. */
  runs: WaitingRun[];
}

export type BatchActivities = ReturnType<typeof createBatchActivities>;

/** Votes of others that move a review while the batch is computed send it into another round. */
const MAX_ROUNDS = 20;

/** A person's votes on many reviews: each is weighed and recorded as it would be alone, all in one statement. */
export function createBatchActivities({ vault, tellRuns, now }: Pick<SweepActivitiesDeps, 'vault' | 'tellRuns' | 'now'>) {
  /** One round over the decisions that are not answered yet. Where the review has moved on meanwhile, there is no answer. */
  const vote = async ({ orgId, batchKey, memberId, via }: BatchRequest, groups: readonly Ballot[]): Promise<Map<string, Told>> => {
    const nowMs = now();
    const stepKey = `batch/${batchKey}`;
    const standings = await standingsFor(
      vault,
      orgId,
      groups.map(({ row, joined }) => [row, ...joined]),
      nowMs,
    );
    const hasFallen = await isRevoked(vault.sql, { orgId, via });
    const told = new Map<string, Told>();
    const items: ReviewDraft[] = [];
    for (const [index, { row, joined, decision }] of groups.entries()) {
      const { plan, state, expiresAtMs, actionDigest, status } = row;
      const standing = standings[index];
      if (standing === undefined) throw new Error('a standing is missing');
      if (status !== 'pending') {
        told.set(row.id, { status: 'closed', detail: `this review is ${status}`, reviewStatus: status });
        continue;
      }
      const context = { nowMs, expiresAtMs, digest: actionDigest, standing };
      const moved = hasFallen ? REVOKED : row.seal.erased ? ERASED : climb(plan, state, moveOf(decision, memberId, via), context);
      if ('refused' in moved) {
        told.set(row.id, { status: 'refused', code: moved.refused, detail: moved.detail, reviewStatus: status });
      } else {
        items.push(recordItem({ orgId, row, joined, stepKey, moved, nowMs }));
        told.set(row.id, { status: 'recorded', reviewStatus: moved.status });
      }
    }
    for (const statement of statementsOf(items)) {
      const statuses = await recordReviewDrafts(vault, statement);
      for (const [index, { of }] of statement.entries()) if (statuses[index] === 'stale') told.delete(of.id);
    }
    await creditRetries(orgId, stepKey, told);
    return told;
  };

  /** A retried vote that closed a review, or moved it out of its sender's reach, must be told that it counts. */
  const creditRetries = async (orgId: string, stepKey: string, told: Map<string, Told>): Promise<void> => {
    const uncounted = [...told].filter(([, { status }]) => status !== 'recorded');
    const keys = [stepKey, joinedKeyOf(stepKey)];
    const idOf = new Map(uncounted.flatMap(([reviewId]) => keys.map((key) => [stepIdOf(orgId, reviewId, key), reviewId] as const)));
    const recorded = idOf.size === 0 ? [] : await recordedAmong(vault.sql, { orgId, recordIds: [...idOf.keys()] });
    for (const recordId of recorded) {
      const reviewId = idOf.get(recordId) ?? '';
      told.set(reviewId, { status: 'recorded', reviewStatus: told.get(reviewId)?.reviewStatus ?? null });
    }
  };

  return {
    /** Takes all votes in, each recorded once however often the batch is tried. */
    async decideBatch(request: BatchRequest): Promise<BatchOutcome> {
      const { orgId, decisions } = request;
      const answers: BatchDecisionAnswer[] = [];
      const runs = new Map<string, WaitingRun>();
      let left = [...decisions.keys()];
      for (let round = 0; left.length > 0; round += 1) {
        if (round === MAX_ROUNDS) throw ApplicationFailure.retryable('the reviews move without pause', 'reviews-contended');
        const groupOf = await loadAskedGroups(vault, { orgId, reviewIds: left.map((index) => decisions[index]?.reviewId ?? '') });
        const ballots = ballotsOf(left, decisions, groupOf);
        const told = await vote(request, ballots);
        for (const index of left) {
          const decision = decisions[index];
          const group = groupOf.get(decision?.reviewId ?? '');
          if (decision === undefined) continue;
          if (group === undefined) {
            answers[index] = { reviewId: decision.reviewId, status: 'refused', code: 'not-found', detail: 'there is no such review', reviewStatus: null };
            continue;
          }
          const outcome = told.get(group.row.id);
          const head = ballots.find(({ row }) => row === group.row)?.decision;
          if (outcome === undefined || head === undefined) continue;
          answers[index] = { reviewId: decision.reviewId, ...(head.verb === decision.verb ? outcome : { ...ASKED_TWICE, reviewStatus: outcome.reviewStatus }) };
          const { id: reviewId, eventId, kind } = group.row;
          if (outcome.status === 'recorded') runs.set(reviewId, { reviewId, eventId, kind });
        }
        left = left.filter((index) => answers[index] === undefined);
      }
      return { answers, runs: [...runs.values()] };
    },

    /** Lets the runs of a batch look at their reviews. */
    tellBatch: ({ orgId, runs }: { orgId: string; runs: WaitingRun[] }): Promise<void> => tellRuns(orgId, runs),
  };
}

type Told = Omit<BatchDecisionAnswer, 'reviewId'>;

const ASKED_TWICE = { status: 'refused', code: 'asked-twice', detail: 'an earlier decision of this batch is about the same request' } as const;
