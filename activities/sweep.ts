import { ApplicationFailure } from '@temporalio/activity';
import { openRecordsOf } from '../db/event-seal.ts';
import { loadReviewLadders, type ReviewLadderRow } from '../db/queries/review-steps.ts';
import { findSweep, finishSweep, listSwept, type SweepPosition, type SweepRow, type UnchangedReview } from '../db/queries/sweeps.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { recordSweptDrafts, type SweepDraft } from '../db/sweep-recording.ts';
import type { SweepCause } from '../schemas/sweep.ts';
import type { Reweigh } from './reweigh.ts';
import { type ReviewGroup, sweepItem, unchangedOf } from './sweep-record.ts';
import { isWeighing, type Known, needsRecord, type Verdict, verdictOf } from './sweep-verdict.ts';

/** The run that waits for a review. */
export interface WaitingRun {
  reviewId: string;
  eventId: string;
  kind: 'gate' | 'after';
}

export interface SweepActivitiesDeps {
  vault: SubjectVault;
  reweigh: Reweigh;
  /** Lets runs look at their reviews again. A run that is not reached finds out when its timer fires. */
  tellRuns: (orgId: string, runs: readonly WaitingRun[]) => Promise<void>;
  now: () => number;
  pageSize?: number;
}

export interface SweepPageRequest {
  orgId: string;
  sweepId: string;
  after?: SweepPosition | undefined;
}

export interface SweptPage {
  status: SweepRow['status'];
  total: number;
  done: number;
  /** Where the next page begins; null after the last one. */
  next: SweepPosition | null;
}

export type SweepActivities = ReturnType<typeof createSweepActivities>;

/** Votes that move a group while its page is computed send it into another round. */
const MAX_ROUNDS = 20;

/** Steps of a sweep: what a change makes of the reviews that wait. Every page reads what is still to be done, so doing one twice is harmless. */
export function createSweepActivities({ vault, reweigh, tellRuns, now, pageSize = 100 }: SweepActivitiesDeps) {
  const { sql } = vault;
  const loadGroups = async (orgId: string, leaderIds: readonly string[]): Promise<ReviewGroup[]> => {
    const leaders = (await loadReviewLadders(vault, { orgId, reviewIds: leaderIds })).filter(({ status }) => status === 'pending');
    const joined = await loadReviewLadders(vault, { orgId, reviewIds: leaders.flatMap((leader) => leader.joined) });
    const byId = new Map(joined.map((row) => [row.id, row]));
    return leaders.map((leader) => {
      const rows = leader.joined.flatMap((id) => byId.get(id) ?? []);
      return { leader, followers: rows.filter(({ status, joinedTo }) => status === 'pending' && joinedTo === leader.id) };
    });
  };

  const know = async (orgId: string, cause: SweepCause, rows: readonly ReviewLadderRow[]): Promise<Map<string, Known>> => {
    const wanted = rows.filter((row) => needsRecord(cause, row));
    if (wanted.length === 0) return new Map();
    const records = await openRecordsOf(vault, { orgId, eventIds: wanted.map(({ eventId }) => eventId) });
    // What is not whole any more can only be weighed wrong.
    const whole = [...records].flatMap(([eventId, record]) => (record.erased ? [] : [{ eventId, record }]));
    const weighed = isWeighing(cause)
      ? await reweigh(
          orgId,
          whole.map(({ record }) => record),
        )
      : [];
    return new Map(whole.map(({ eventId, record }, index) => [eventId, { record, weighed: weighed[index] }]));
  };

  /** One round over some groups; answers those that moved meanwhile, or null where the sweep was ended. */
  const settle = async (orgId: string, sweep: SweepRow, leaderIds: readonly string[], told: Map<string, WaitingRun>): Promise<string[] | null> => {
    const groups = await loadGroups(orgId, leaderIds);
    const known = await know(
      orgId,
      sweep.cause,
      groups.flatMap(({ leader, followers }) => [leader, ...followers]),
    );
    const items: SweepDraft[] = [];
    const same: UnchangedReview[] = [];
    for (const group of groups) {
      const verdicts = new Map<string, Verdict>();
      for (const row of [group.leader, ...group.followers]) {
        const verdict = verdictOf(sweep.cause, row, known.get(row.eventId) ?? {});
        if (verdict !== null) verdicts.set(row.id, verdict);
      }
      if (verdicts.size === 0) continue;
      const unchanged = unchangedOf({ group, verdicts });
      if (unchanged !== null) same.push(...unchanged);
      else items.push(sweepItem({ orgId, sweepId: sweep.id, group, verdicts, nowMs: now() }));
    }
    if (items.length === 0 && same.length === 0) return [];
    const statuses = await recordSweptDrafts(vault, { orgId, sweepId: sweep.id, items, same });
    if (statuses === null) return null;
    const moved = new Set(items.map(({ of }) => of.id).filter((id) => statuses.get(id) !== 'stale'));
    for (const { leader, followers } of groups) {
      if (moved.has(leader.id)) for (const { id, eventId, kind } of [leader, ...followers]) told.set(id, { reviewId: id, eventId, kind });
    }
    return [...statuses].filter(([, status]) => status === 'stale').map(([id]) => id);
  };

  return {
    /** Handles the next page of a sweep. */
    async sweepPage({ orgId, sweepId, after }: SweepPageRequest): Promise<SweptPage> {
      const sweep = await findSweep(sql, { orgId, sweepId });
      if (sweep === undefined) throw ApplicationFailure.nonRetryable('there is no such sweep', 'not-found');
      const page = sweep.status === 'running' ? await listSwept(sql, { orgId, sweepId, after, limit: pageSize }) : [];
      const told = new Map<string, WaitingRun>();
      let left: string[] | null = [...new Set(page.map(({ id, joinedTo }) => joinedTo ?? id))];
      for (let round = 0; left !== null && left.length > 0; round += 1) {
        if (round === MAX_ROUNDS) throw ApplicationFailure.retryable('the reviews move without pause', 'reviews-contended');
        left = await settle(orgId, sweep, left, told);
      }
      await tellRuns(orgId, [...told.values()]).catch(() => undefined);
      const last = page.length < pageSize ? undefined : page.at(-1);
      if (last === undefined) await finishSweep(sql, { orgId, sweepId, status: 'finished' });
      const { status, total, done } = (await findSweep(sql, { orgId, sweepId })) ?? sweep;
      return { status, total, done, next: status === 'running' && last !== undefined ? { createdAt: last.createdAt.toISOString(), id: last.id } : null };
    },

    /** Ends a sweep whose run was cancelled: nobody takes it up again. */
    async endSweep({ orgId, sweepId }: SweepPageRequest): Promise<void> {
      await finishSweep(sql, { orgId, sweepId, status: 'cancelled' });
    },
  };
}
