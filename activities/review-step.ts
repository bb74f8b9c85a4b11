import { actionDigest } from '../core/decision/action-digest.ts';
import type { RefusalCode } from '../core/hitl/cast-vote.ts';
import { climb, type LadderMove } from '../core/hitl/ladder.ts';
import type { VoteMove } from '../core/hitl/ladder-state.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import { openRecordedEvent } from '../db/event-seal.ts';
import { recordedAmong } from '../db/queries/ledger.ts';
import { isRevoked } from '../db/queries/revocations.ts';
import type { ReviewLadderRow } from '../db/queries/review-steps.ts';
import { standingFor } from '../db/queries/standing.ts';
import { recordReviewDrafts } from '../db/review-recording.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import type { JsonObject } from '../schemas/json.ts';
import type { ReviewStatus, ReviewStep } from '../schemas/review.ts';
import { ERASED, REVOKED } from './asked-groups.ts';
import { loadLadder, roundOf } from './review-position.ts';
import { joinedKeyOf, recordItem, stepIdOf } from './review-record.ts';
import { sha256Hex } from './settlement.ts';
import type { Weighed } from './weigh.ts';

/** A move as a run hands it over; the arguments of an edit have no digest yet. */
export type RequestedMove = Exclude<LadderMove, VoteMove> | (Omit<VoteMove, 'edit'> & { args?: JsonObject });

export interface ReviewStepRequest {
  orgId: string;
  reviewId: string;
  /** Unique within the review and the same on every retry: `vote/<request id>`, `timeout/<level>`. */
  stepKey: string;
  /** A timeout counts only on the level it was set for, and in the round. */
  level?: number;
  round?: number;
  move: RequestedMove | LegacyVote;
}

/** As runs of 0.1.0 handed votes over. */
interface LegacyVote {
  step: VoteMove['step'];
  reviewer: { memberId: string };
  reason?: string;
}

export type StepRefusal = RefusalCode | 'edit-blocked' | 'erased';

/** What has become of a step. `last`: the step that stands last now. */
export type StepTaken =
  | { kind: 'recorded'; status: ReviewStatus; last: ReviewStep | null }
  | { kind: 'closed'; status: ReviewStatus; last: ReviewStep | null }
  | { kind: 'refused'; code: StepRefusal; detail: string };

export interface ReviewStepsDeps {
  vault: SubjectVault;
  weigh: (orgId: string, event: GovernanceEvent, first: EventRecord) => Promise<Weighed>;
  now: () => number;
}

export type TakeStep = (request: ReviewStepRequest) => Promise<StepTaken>;

/**
 * Takes one step of a review and records it; the same `stepKey` again answers what stands. The row in the database arbitrates: of two steps
 * that race, one is computed again from what the other left.
 * @throws ApplicationFailure `not-found`
 */
export function createTakeStep({ vault, weigh, now }: ReviewStepsDeps): TakeStep {
  /** The move with what only the record of the event can tell: the digest of edited arguments, and whether the policy would let them pass. */
  const prepare = async (
    orgId: string,
    row: ReviewLadderRow,
    move: RequestedMove,
  ): Promise<LadderMove | { refused: 'edit-blocked' | 'erased' | 'not-a-reviewer'; detail: string }> => {
    if (!('memberId' in move)) return move;
    if (await isRevoked(vault.sql, { orgId, via: move.via })) return REVOKED;
    if (row.seal.erased) return ERASED;
    const { args, ...vote } = move;
    if (move.step !== 'edit' || args === undefined) return vote;
    const recorded = await openRecordedEvent(vault, { orgId, eventId: row.eventId });
    if (recorded === undefined || recorded.record.erased) return { refused: 'edit-blocked', detail: 'the event is not on record any more' };
    const { event } = recorded.record;
    const edited = { ...event, tool: { ...event.tool, name: event.tool?.name ?? event.action, args } };
    const { evaluation, stopped } = await weigh(orgId, edited, recorded.record);
    if (stopped !== null || evaluation.value === 'BLOCK') return { refused: 'edit-blocked', detail: 'the policy blocks the action with these arguments' };
    return { ...vote, edit: { args, digest: actionDigest(edited, row.summary.policy?.version ?? null, sha256Hex) } };
  };

  return async ({ orgId, reviewId, stepKey, level, round = 0, move: handed }) => {
    const requested = withMember(handed);
    // Its own record, or that of the review it was decided with.
    const isTaken = async (): Promise<boolean> => {
      const recordIds = [stepKey, joinedKeyOf(stepKey)].map((key) => stepIdOf(orgId, reviewId, key));
      return (await recordedAmong(vault.sql, { orgId, recordIds })).length > 0;
    };
    for (;;) {
      const { row, joined: all } = await loadLadder(vault, orgId, reviewId);
      const stands = { status: row.status, last: row.state.steps.at(-1) ?? null };
      // One that was withdrawn by itself has ended already.
      const joined = all.filter(({ status }) => status === 'pending');
      // A retried step that closed the review must be told so, not that somebody else did.
      if (row.status !== 'pending') return { kind: (await isTaken()) ? 'recorded' : 'closed', ...stands };
      // The clock of a review that is asked through another one is the other's.
      if (requested.step === 'timeout' && row.joinedTo !== null) return { kind: 'recorded', ...stands };
      if (level !== undefined && (row.state.level !== level || roundOf(row.state) !== round)) return { kind: 'recorded', ...stands };
      const nowMs = now();
      const move = await prepare(orgId, row, requested);
      const standing = await standingFor(vault, orgId, [row, ...joined], nowMs);
      const moved = 'refused' in move ? move : climb(row.plan, row.state, move, { nowMs, expiresAtMs: row.expiresAtMs, digest: row.actionDigest, standing });
      // So must one that moved the review to a level which its sender may not decide.
      if ('refused' in moved) return (await isTaken()) ? { kind: 'recorded', ...stands } : { kind: 'refused', code: moved.refused, detail: moved.detail };
      const [status] = await recordReviewDrafts(vault, [recordItem({ orgId, row, joined, stepKey, moved, nowMs })]);
      if (status === 'recorded') return { kind: 'recorded', status: moved.status, last: moved.taken.at(-1) ?? null };
      // It counts already: what has become of it is what stands.
      if (status === 'exists') {
        const { row: after } = await loadLadder(vault, orgId, reviewId);
        return { kind: 'recorded', status: after.status, last: after.state.steps.at(-1) ?? null };
      }
    }
  };
}

function withMember(move: RequestedMove | LegacyVote): RequestedMove {
  if (!('reviewer' in move)) return move;
  const { reviewer, ...vote } = move;
  return { ...vote, memberId: reviewer.memberId };
}
