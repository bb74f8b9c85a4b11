import { approvalEndMs } from '../core/hitl/outcome.ts';
import { ladderEndMs } from '../core/hitl/due.ts';
import type { LadderMoved } from '../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import type { ReviewLadderRow, ReviewSummary } from '../db/queries/review-steps.ts';
import { recordId } from '../db/record-id.ts';
import type { ReviewChange, ReviewDraft, StepDraft } from '../db/review-recording.ts';
import type { ReviewStep } from '../schemas/review.ts';
import { alarmOf } from './review-alarm.ts';

export interface StepToRecord {
  orgId: string;
  row: ReviewLadderRow;
  /** Reviews that are asked through this one. */
  joined: readonly ReviewLadderRow[];
  stepKey: string;
  moved: LadderMoved;
  nowMs: number;
  /** Further columns, such as the configuration the review was weighed against. */
  set?: ReviewChange;
}

const PEOPLE = new Set<string>(['approve', 'reject', 'escalate', 'respond', 'edit', 'abstain', 'break-glass']);

/** Name of a step's first record: the same on every retry. */
export const stepIdOf = (orgId: string, reviewId: string, stepKey: string): string => recordId(orgId, 'review-step', reviewId, stepKey);

/** Under which the same step stands for a review that was decided with another one. */
export const joinedKeyOf = (stepKey: string): string => `joined/${stepKey}`;

/** Everything one move changes: the ledger's entries, the rows, and what is opened or raised with them. */
export function recordItem({ orgId, row, joined, stepKey, moved, nowMs, set = {} }: StepToRecord): ReviewDraft {
  const entries = moved.taken.map((step, index) => entryOf(stepIdOf(orgId, row.id, index === 0 ? stepKey : `${stepKey}/${index}`), row, moved, step));
  const ended = moved.status !== 'pending';
  const glass = moved.taken.find(({ step }) => step === 'break-glass');
  return {
    org: orgId,
    of: row,
    entries,
    change: { ...columnsOf(moved, nowMs), ...set },
    followers:
      moved.status === 'withdrawn'
        ? [...handOver(orgId, row, joined, stepKey, nowMs), ...leaderOf(row)]
        : ended
          ? [...joined.map((follower) => followerOf(orgId, row, follower, moved, stepKey, nowMs, set)), ...leaderOf(row)]
          : [],
    audits: [],
    ...alarmOf(orgId, row, moved),
    votes: moved.taken.flatMap((step, index) =>
      PEOPLE.has(step.step)
        ? [
            {
              record_id: entries[index]?.id ?? '',
              member_id: step.actor,
              verb: step.step,
              at: step.at,
              took_ms: step.tookMs ?? null,
              quick: step.quick === true,
            },
          ]
        : [],
    ),
    opens: glass === undefined ? null : reviewAfter(orgId, row, glass, nowMs),
  };
}

export function entryOf(id: string, of: ReviewLadderRow, moved: LadderMoved, step: ReviewStep): StepDraft {
  const edited = step.step === 'edit' && moved.state.args !== undefined ? { args: moved.state.args } : {};
  return { id, of, step, status: moved.status, ...edited };
}

export function columnsOf(moved: LadderMoved, nowMs: number): ReviewChange {
  const { status, state, dueAtMs, expiresAtMs, digest, plan } = moved;
  const untilMs = approvalEndMs(plan, status, nowMs);
  return {
    status,
    state,
    plan: JSON.stringify(plan),
    digest,
    due_at: dueAtMs === null ? null : new Date(dueAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
    ...(status === 'pending' ? {} : { decided_at: new Date(nowMs).toISOString() }),
    ...(untilMs === null ? {} : { approval_expires_at: new Date(untilMs).toISOString() }),
  };
}

/** The same end for a review that was asked through this one: its own record, its own approval to use. */
function followerOf(
  orgId: string,
  leader: ReviewLadderRow,
  follower: ReviewLadderRow,
  moved: LadderMoved,
  stepKey: string,
  nowMs: number,
  set: ReviewChange,
): ReviewDraft['followers'][number] {
  const last = moved.taken.at(-1);
  if (last === undefined) throw new Error('a move takes at least one step');
  const step: ReviewStep = { ...last, reason: `decided with ${leader.id}${last.reason === undefined ? '' : `: ${last.reason}`}` };
  const state = { ...moved.state, steps: [...follower.state.steps, step] };
  return {
    of: follower,
    entries: [entryOf(stepIdOf(orgId, follower.id, joinedKeyOf(stepKey)), follower, moved, step)],
    change: { ...columnsOf({ ...moved, state }, nowMs), ...set },
  };
}

/** Where one of several ends by itself, the review it was asked through moves as well: a step that still counts on it is computed again. */
const leaderOf = ({ joinedTo }: ReviewLadderRow): ReviewDraft['followers'] => (joinedTo === null ? [] : [{ id: joinedTo }]);

/** The agent withdrew one of several like requests: the next one is asked from here on, where the ladder stands, with the votes given. */
function handOver(
  orgId: string,
  leader: ReviewLadderRow,
  [next, ...rest]: readonly ReviewLadderRow[],
  stepKey: string,
  nowMs: number,
): ReviewDraft['followers'] {
  if (next === undefined) return [];
  const { state, dueAtMs, expiresAtMs, plan } = leader;
  const step: ReviewStep = {
    step: 'revise',
    actor: 'system',
    level: state.level,
    at: new Date(nowMs).toISOString(),
    reason: `asked in place of ${leader.id}, which was withdrawn`,
  };
  const moved: LadderMoved = {
    status: 'pending',
    state: { ...state, steps: [...state.steps, step] },
    dueAtMs,
    expiresAtMs,
    digest: leader.actionDigest,
    plan,
    taken: [step],
  };
  return [
    {
      of: next,
      entries: [entryOf(stepIdOf(orgId, next.id, `hand-over/${stepKey}`), next, moved, step)],
      change: { ...columnsOf(moved, nowMs), joined_to: null, joined: rest.map(({ id }) => id) },
    },
    ...rest.map((of) => ({ of, entries: [], change: { joined_to: next.id } })),
  ];
}

/** The judgement that must follow breaking the glass: by the last level, without whoever broke it. */
function reviewAfter(orgId: string, row: ReviewLadderRow, glass: ReviewStep, nowMs: number): ReviewDraft['opens'] {
  const { plan } = row;
  const last = plan.levels.at(-1);
  if (plan.breakGlass === undefined || last === undefined) throw new Error('this plan has no glass to break');
  const after: ReviewPlan = {
    levels: [
      {
        reviewers: last.reviewers,
        withinMs: plan.breakGlass.reviewWithinMs,
        ...(last.remindEveryMs === undefined ? {} : { remindEveryMs: last.remindEveryMs }),
      },
    ],
    outcome: 'block',
    reasonRequired: true,
  };
  const endMs = ladderEndMs(after, 0, nowMs);
  const summary: ReviewSummary = {
    ...row.summary,
    judges: 'break-glass',
    reasons: ['the glass was broken', ...row.summary.reasons],
    excludes: [...(row.summary.excludes ?? []), `member:${glass.actor}`],
  };
  return {
    id: afterIdOf(orgId, row.id),
    plan: JSON.stringify(after),
    state: { level: 0, openedAtMs: nowMs, votes: [], steps: [] },
    summary: JSON.stringify(summary),
    created_at: new Date(nowMs).toISOString(),
    due_at: new Date(endMs).toISOString(),
    expires_at: new Date(endMs).toISOString(),
  };
}

export const afterIdOf = (orgId: string, reviewId: string): string => `rev_${recordId(orgId, 'review-after', reviewId).replaceAll('-', '')}`;
