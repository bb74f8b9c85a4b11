import type { JsonObject } from '../../schemas/json.ts';
import type { ReviewStatus, ReviewStep, ReviewVerb, ReviewVote } from '../../schemas/review.ts';
import type { Standing } from './electorate.ts';
import type { ReviewPlan } from './review.ts';

/** Where a review stands on its ladder. Kept as JSON in the review's row. */
export interface LadderState {
  /** Index into the plan's levels. */
  level: number;
  /** When this level was asked. Absent in rows of 0.1.0, see `openedAtMs` in `due.ts`. */
  openedAtMs?: number;
  /** Standing votes of this level. */
  votes?: ReviewVote[];
  /** Arguments a reviewer put in place of those asked for. */
  args?: JsonObject;
  /** A reviewer's text to the agent. */
  response?: string;
  /** What whoever escalated an alert to this review said. */
  note?: string;
  steps: ReviewStep[];
}

/** A person's decision. `digest`: the action as they saw it. */
export interface VoteMove {
  step: ReviewVerb;
  memberId: string;
  via?: string;
  reason?: string;
  message?: string;
  digest?: string;
  /** With `edit`: the arguments, and the digest of the action with them. */
  edit?: { args: JsonObject; digest: string };
}

export interface LadderContext {
  nowMs: number;
  expiresAtMs: number;
  /** Of the action as it is asked now. */
  digest: string;
  standing: Standing;
}

export interface LadderMoved {
  status: ReviewStatus;
  state: LadderState;
  dueAtMs: number | null;
  expiresAtMs: number;
  digest: string;
  plan: ReviewPlan;
  /** Steps this move added, in order: the move itself, then what followed from it. */
  taken: ReviewStep[];
}

/** A ladder, and all a move on it depends on. */
export interface Ladder {
  plan: ReviewPlan;
  state: LadderState;
  context: LadderContext;
}
