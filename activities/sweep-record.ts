import { climb } from '../core/hitl/ladder.ts';
import type { LadderMoved, LadderState } from '../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { ReviewLadderRow } from '../db/queries/review-steps.ts';
import type { UnchangedReview } from '../db/queries/sweeps.ts';
import { recordId } from '../db/record-id.ts';
import type { ReviewChange, StepDraft } from '../db/review-recording.ts';
import type { SweepDraft } from '../db/sweep-recording.ts';
import type { Json } from '../schemas/json.ts';
import { columnsOf, entryOf, stepIdOf } from './review-record.ts';
import type { Verdict } from './sweep-verdict.ts';

/** A review and those that are asked through it. */
export interface ReviewGroup {
  leader: ReviewLadderRow;
  followers: readonly ReviewLadderRow[];
}

export interface GroupToRecord {
  orgId: string;
  sweepId: string;
  group: ReviewGroup;
  verdicts: ReadonlyMap<string, Verdict>;
  nowMs: number;
}

interface Moved {
  row: ReviewLadderRow;
  change: ReviewChange;
  entries: StepDraft[];
  /** The plan it is asked under from here on; null where it has ended. */
  plan: ReviewPlan | null;
}

/** Reviews of the group of which nothing changes but what they were weighed against; null where something else changes. */
export function unchangedOf({ group, verdicts }: Pick<GroupToRecord, 'group' | 'verdicts'>): UnchangedReview[] | null {
  if ([...verdicts.values()].some(({ kind }) => kind !== 'same')) return null;
  return [group.leader, ...group.followers].flatMap(({ id, version }) => {
    const configVersion = verdicts.get(id)?.configVersion;
    return configVersion === undefined ? [] : [{ leader: group.leader.id, id, version, config_version: configVersion }];
  });
}

/**
 * Everything a change makes of a group, under the version of its leader. Each review moves with a record of its own.
 * Those that are asked on stay together where they are asked under the same plan; where the leader has ended, the next one is asked.
 */
export function sweepItem({ orgId, sweepId, group, verdicts, nowMs }: GroupToRecord): SweepDraft {
  const { leader, followers } = group;
  const moves = [leader, ...followers].map((row) => moveOf({ orgId, sweepId, nowMs }, row, verdicts.get(row.id)));
  const asked = moves.filter(({ plan }) => plan !== null);
  const isLed = asked[0]?.row === leader;
  for (const [head, ...rest] of sharing(asked)) {
    if (head === undefined) continue;
    // Whoever is asked in place of another begins anew: the votes were given on the other's request.
    if (head.row !== leader && head.entries.length === 0) {
      const again = {
        kind: 'asked-again',
        reason: `asked on its own: ${leader.id} is not asked with it any more`,
        plan: head.row.plan,
        digest: head.row.actionDigest,
      } as const;
      Object.assign(head, moveOf({ orgId, sweepId, nowMs }, head.row, { ...verdicts.get(head.row.id), ...again }));
    }
    head.change = { ...head.change, joined_to: null, joined: rest.map(({ row }) => row.id) };
    for (const each of rest) each.change = { ...each.change, joined_to: head.row.id };
  }
  const ended = moves.filter(({ plan }) => plan === null);
  // Whoever leads on must not end again those that have ended.
  for (const each of ended) if (each.row !== leader && isLed) each.change = { ...each.change, joined_to: null };
  for (const each of ended) if (each.row === leader) each.change = { ...each.change, joined: ended.filter((other) => other !== each).map(({ row }) => row.id) };
  const [first, ...rest] = moves;
  if (first === undefined) throw new Error('a group has a leader');
  const entries = moves.flatMap((move) => move.entries);
  return {
    org: orgId,
    of: leader,
    entries,
    change: first.change,
    followers: rest.map(({ row: of, change }) => ({ of, change, entries: [] })),
    violations: [],
    audits: [],
    alerts: alertOf(orgId, leader, verdicts.get(leader.id)),
    votes: [],
    opens: null,
    counts: verdicts.size,
  };
}

function moveOf({ orgId, sweepId, nowMs }: Pick<GroupToRecord, 'orgId' | 'sweepId' | 'nowMs'>, row: ReviewLadderRow, verdict: Verdict | undefined): Moved {
  const set: ReviewChange = {
    ...(verdict?.configVersion === undefined ? {} : { config_version: verdict.configVersion }),
    ...(verdict?.basis === undefined ? {} : { summary: JSON.stringify({ ...row.summary, ...verdict.basis }) }),
    ...(verdict?.kind === 'ends' ? { settled_by: sweepId } : {}),
  };
  if (verdict === undefined || verdict.kind === 'same') return { row, change: set, entries: [], plan: row.plan };
  const moved = climbed(row, verdict, nowMs);
  const entries = moved.taken.map((step) => entryOf(stepIdOf(orgId, row.id, `sweep/${sweepId}`), { ...row, actionDigest: moved.digest }, moved, step));
  return { row, change: { ...columnsOf(moved, nowMs), ...set }, entries, plan: moved.status === 'pending' ? moved.plan : null };
}

function climbed(row: ReviewLadderRow, verdict: Exclude<Verdict, { kind: 'same' }>, nowMs: number): LadderMoved {
  const { args: _args, ...unedited } = row.state;
  // What is released is what was asked for: nobody has approved a reviewer's change of it.
  const state: LadderState = verdict.kind === 'ends' ? unedited : row.state;
  const digest = (verdict.kind === 'ends' ? verdict.digest : undefined) ?? row.actionDigest;
  const context = { nowMs, expiresAtMs: row.expiresAtMs, digest, standing: { members: [], delegations: [], excluded: [] } };
  const moved = climb(row.plan, state, moveFor(verdict), context);
  if ('refused' in moved) throw new Error(`a change cannot be refused: ${moved.detail}`);
  return moved;
}

function moveFor(verdict: Exclude<Verdict, { kind: 'same' }>): Parameters<typeof climb>[2] {
  const { reason } = verdict;
  switch (verdict.kind) {
    case 'ends':
      return { step: 'revise', actor: 'system', reason, to: verdict.status };
    case 'asked-again':
      return { step: 'revise', actor: 'system', reason, to: 'pending', plan: verdict.plan, digest: verdict.digest };
    case 'void':
      return { step: 'void', reason, via: verdict.via };
  }
}

/** Those that are asked under the same plan, in the order they came. */
function sharing(moves: readonly Moved[]): Moved[][] {
  const byPlan = new Map<string, Moved[]>();
  for (const move of moves) {
    const plan = canonicalize(move.plan as unknown as Json);
    byPlan.set(plan, [...(byPlan.get(plan) ?? []), move]);
  }
  return [...byPlan.values()];
}

/** What passes under the new policy, but flagged, is somebody's to look at. */
function alertOf(orgId: string, { id, eventId }: ReviewLadderRow, verdict: Verdict | undefined): SweepDraft['alerts'] {
  if (verdict?.kind !== 'ends' || verdict.flagged !== true) return [];
  const reasons = verdict.basis?.reasons ?? [];
  return [{ id: `alr_${recordId(orgId, 'alert', 'released', id, eventId).replaceAll('-', '')}`, cause: 'decision', reasons: JSON.stringify(reasons) }];
}
