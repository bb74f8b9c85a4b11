import { ApplicationFailure } from '@temporalio/activity';
import { reminderAtMs } from '../core/hitl/due.ts';
import type { LadderState } from '../core/hitl/ladder-state.ts';
import { loadReviewLadder, loadReviewLadders, type ReviewLadderRow } from '../db/queries/review-steps.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { Reviewers } from '../schemas/review-policy.ts';
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
  /** Approvals counted at this level. Absent in histories of 0.1.0, as all below. */
  approvals?: number;
  /** Another review is asked instead of this one. */
  joinedTo?: string;
  /** Events whose reviews are decided with this one; their runs are told. */
  joinedEvents?: string[];
  /** When the reminders of this level are due, epoch milliseconds. */
  remindersAtMs?: number[];
  /** A further review that this one has opened. */
  opened?: string;
  /** How often the review was asked anew; a level of an earlier round is another one. */
  round?: number;
  /** The organisation has a channel over which people can be told. */
  notify?: true;
  /** With `notify`: when this level was asked. Tells one asking of a level from another. */
  askedAtMs?: number;
}

/** A run whose review is asked through another one looks again this long after the other should have ended, and then ever less often. */
const LOOK_AGAIN_AFTER_MS = 5_000;
const LOOK_AGAIN_AT_MOST_MS = 600_000;
const MAX_REMINDERS = 8;

export interface Surroundings {
  /** Reviews that are asked through this one. */
  joined: readonly ReviewLadderRow[];
  /** When the review that this one is asked through runs out; null where it is asked itself. */
  leaderExpiresAtMs: number | null;
  /** A further review that this one has opened. */
  opened?: string | undefined;
  nowMs: number;
}

/** The review, and those that are asked through it, or were until it was withdrawn. @throws ApplicationFailure `not-found` */
export async function loadLadder(vault: SubjectVault, orgId: string, reviewId: string): Promise<{ row: ReviewLadderRow; joined: ReviewLadderRow[] }> {
  const row = await loadReviewLadder(vault, { orgId, reviewId });
  if (row === undefined) throw ApplicationFailure.nonRetryable('there is no such review', 'not-found');
  const joined = row.joined.length === 0 ? [] : await loadReviewLadders(vault, { orgId, reviewIds: row.joined });
  // Those of one that was withdrawn are asked on without it: their runs have yet to hear of it.
  return { row, joined: joined.filter(({ joinedTo }) => joinedTo === reviewId || row.status === 'withdrawn') };
}

export function positionOf(row: ReviewLadderRow, { joined, leaderExpiresAtMs, opened, nowMs }: Surroundings): LadderPosition {
  const { plan, state } = row;
  const level = plan.levels[state.level];
  const approvals = (state.votes ?? []).filter(({ verb }) => verb === 'approve').length;
  const reminders = row.status === 'pending' && level !== undefined ? remindersOf(row) : [];
  return {
    version: row.version,
    status: row.status,
    level: state.level,
    levels: plan.levels.length,
    reviewers: level?.reviewers ?? null,
    dueAtMs: row.joinedTo === null ? row.dueAtMs : row.status === 'pending' ? lookAgainAtMs(leaderExpiresAtMs ?? row.expiresAtMs, nowMs) : null,
    last: state.steps.at(-1) ?? null,
    ...(approvals === 0 ? {} : { approvals }),
    ...(row.joinedTo === null ? {} : { joinedTo: row.joinedTo }),
    ...(joined.length === 0 ? {} : { joinedEvents: joined.map(({ eventId }) => eventId) }),
    ...(reminders.length === 0 ? {} : { remindersAtMs: reminders }),
    ...(opened === undefined ? {} : { opened }),
    ...(roundOf(state) === 0 ? {} : { round: roundOf(state) }),
    ...(row.hasChannel && row.joinedTo === null ? { notify: true, askedAtMs: state.openedAtMs ?? row.createdAtMs } : {}),
  };
}

/** Always ahead: a run that looked again at once, and again, would come to the end of its history. */
const lookAgainAtMs = (expiresAtMs: number, nowMs: number): number =>
  Math.max(expiresAtMs + LOOK_AGAIN_AFTER_MS, nowMs + Math.min(LOOK_AGAIN_AT_MOST_MS, Math.max(LOOK_AGAIN_AFTER_MS, nowMs - expiresAtMs)));

export const roundOf = ({ steps }: LadderState): number => steps.filter(({ step }) => step === 'revise').length;

/** Those before the level runs out. */
function remindersOf({ plan, state, createdAtMs, dueAtMs, joinedTo }: ReviewLadderRow): number[] {
  const level = plan.levels[state.level];
  if (level === undefined || joinedTo !== null) return [];
  const openedAtMs = state.openedAtMs ?? createdAtMs;
  return Array.from({ length: MAX_REMINDERS }, (_, round) => reminderAtMs(level, openedAtMs, round)).filter(
    (atMs) => atMs !== null && atMs < (dueAtMs ?? 0),
  ) as number[];
}
