import { ApplicationFailure } from '@temporalio/activity';
import type { BatchRequest } from './batch-decision.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { GovernEventInput, ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import { canonicalize } from '../core/json/canonical.ts';
import { subjectsOf } from '../core/ledger/personal-fields.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import { endErasure, type ErasureRow, findErasure, listErasedEntries, listErasedReviews, moveErasure, reviewsOfSubject } from '../db/queries/erasures.ts';
import { recordId } from '../db/record-id.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { GovernanceEvent } from '../schemas/event.ts';

/** One run in Temporal's database, whose history holds what it was given. */
export interface KeptRun {
  workflowId: string;
  runId: string;
  /** Its history cannot be deleted yet. */
  isOpen: boolean;
}

/** A run that no record names, with what it was started with. */
export interface UnnamedRun extends KeptRun {
  type: 'governEvent' | 'observeEvents' | 'decideReviews';
  /** First argument; null where it cannot be read any more. */
  input: unknown;
}

/** The runs of an organisation, as Temporal keeps them. */
export interface RunHistories {
  /** How long a closed run is kept where nobody deletes it. */
  retentionMs: () => Promise<number>;
  /** Those that decided these events or conducted these reviews. */
  find: (orgId: string, names: { eventIds?: readonly string[]; reviewIds?: readonly string[] }) => Promise<KeptRun[]>;
  /** A page of those that no record leads to: batches, and runs of events that ended without a decision. */
  unnamed: (orgId: string, cursor: string | null) => Promise<{ runs: UnnamedRun[]; next: string | null }>;
  /** Deletes a closed run with its history. One that is gone already is no error. */
  remove: (run: KeptRun) => Promise<void>;
}

export interface ErasureActivitiesDeps {
  vault: SubjectVault;
  histories: RunHistories;
  now: () => number;
  /** Called when a page has been read, and before every history that is deleted. Ends the page by throwing. */
  beat?: () => void;
  pageSize?: number;
}

/** Where a pass goes on: behind this entry, behind this review, or at this place of the runs that no record leads to. */
export type ErasurePlace = { part: 'entries'; after: number } | { part: 'reviews'; after: string } | { part: 'unnamed'; cursor: string | null };

export interface ErasurePageRequest {
  orgId: string;
  erasureId: string;
  place: ErasurePlace;
  /** Entries and reviews looked at in this pass so far. */
  done: number;
}

export interface ErasedPage {
  status: ErasureRow['status'];
  total: number;
  done: number;
  /** Runs that were still there, and those of them that are open. */
  found: number;
  open: number;
  /** Null after the last page. */
  next: ErasurePlace | null;
}

export type ErasureActivities = ReturnType<typeof createErasureActivities>;

const AT_A_TIME = 10;

/** Steps of an erasure after its keys are destroyed: what Temporal keeps of the same events goes, page by page. Doing a page twice is harmless. */
export function createErasureActivities({ vault, histories, now, beat = () => undefined, pageSize = 100 }: ErasureActivitiesDeps) {
  const { sql } = vault;

  const read = async (orgId: string, erasureId: string): Promise<ErasureRow> => {
    const row = await findErasure(sql, { orgId, erasureId });
    if (row === undefined) throw ApplicationFailure.nonRetryable('there is no such erasure', 'not-found');
    return row;
  };

  /** The runs of one page, when the last open one ends as far as is known, and what comes next. */
  const page = async (
    orgId: string,
    { id: erasureId, ref }: ErasureRow,
    place: ErasurePlace,
  ): Promise<{ runs: KeptRun[]; looked: number; endsAtMs: number; next: ErasurePlace | null }> => {
    switch (place.part) {
      case 'entries': {
        const entries = await listErasedEntries(sql, { orgId, erasureId, after: place.after, limit: pageSize });
        const eventIds = [...new Set(entries.flatMap(({ eventId }) => eventId ?? []))];
        const last = entries.length < pageSize ? undefined : entries.at(-1);
        const runs = await histories.find(orgId, { eventIds });
        return { runs, looked: entries.length, endsAtMs: 0, next: last === undefined ? { part: 'reviews', after: '' } : { part: 'entries', after: last.seq } };
      }
      case 'reviews': {
        const reviews = await listErasedReviews(sql, { orgId, ref, afterId: place.after, limit: pageSize });
        const last = reviews.length < pageSize ? undefined : reviews.at(-1);
        const runs = await histories.find(orgId, { eventIds: [...new Set(reviews.map(({ eventId }) => eventId))], reviewIds: reviews.map(({ id }) => id) });
        const endsAtMs = Math.max(0, ...reviews.map(({ endsAt }) => endsAt?.getTime() ?? 0));
        const next: ErasurePlace = last === undefined ? { part: 'unnamed', cursor: null } : { part: 'reviews', after: last.id };
        return { runs, looked: reviews.length, endsAtMs, next };
      }
      case 'unnamed': {
        const { runs, next } = await histories.unnamed(orgId, place.cursor);
        const concerned = await Promise.all(runs.map(async (run) => ((await concerns(orgId, ref, run)) ? [run] : [])));
        return { runs: concerned.flat(), looked: 0, endsAtMs: 0, next: next === null ? null : { part: 'unnamed', cursor: next } };
      }
    }
  };

  const concerns = async (orgId: string, ref: string, { type, input }: UnnamedRun): Promise<boolean> => {
    if (input === null || typeof input !== 'object') return false;
    const isAbout = (event: GovernanceEvent): boolean => subjectsOf(event).some((subject) => vault.refOf(orgId, subject) === ref);
    switch (type) {
      case 'governEvent':
        return isAbout((input as GovernEventInput).event);
      case 'observeEvents':
        return (input as ObserveEventsInput).events.some(({ event }) => isAbout(event));
      case 'decideReviews': {
        const reviewIds = (input as BatchRequest).decisions.map(({ reviewId }) => reviewId);
        return (await reviewsOfSubject(sql, { orgId, ref, reviewIds })).length > 0;
      }
    }
  };

  return {
    /** Deletes the histories of one page. */
    async erasePage({ orgId, erasureId, place, done }: ErasurePageRequest): Promise<ErasedPage> {
      const erasure = await read(orgId, erasureId);
      const { total } = erasure;
      if (erasure.status !== 'running') return { status: erasure.status, total, done, found: 0, open: 0, next: null };
      const { runs, looked, endsAtMs, next } = await page(orgId, erasure, place);
      beat();
      await inParallel(
        runs.filter(({ isOpen }) => !isOpen),
        AT_A_TIME,
        async (run) => {
          beat();
          await histories.remove(run);
        },
      );
      // At the latest: what is open ends some time, and is kept from then on as long as any other run.
      const atLatest = new Date(Math.max(now(), endsAtMs) + (await histories.retentionMs()));
      const historiesGoneAt = erasure.historiesGoneAt !== null && erasure.historiesGoneAt > atLatest ? null : atLatest;
      const status = (await moveErasure(sql, { orgId, erasureId, done: done + looked, historiesGoneAt })) ?? 'cancelled';
      const open = runs.filter(({ isOpen }) => isOpen).length;
      return { status, total, done: done + looked, found: runs.length, open, next: status === 'running' ? next : null };
    },

    /** Says on record that the last history is gone. */
    async completeErasure({ orgId, erasureId }: { orgId: string; erasureId: string }): Promise<void> {
      const erasure = await read(orgId, erasureId);
      const historiesGoneAt = new Date(now());
      await endErasure(sql, { orgId, erasureId, status: 'completed', historiesGoneAt, audit: endOf(orgId, erasure, 'erasure.completed', historiesGoneAt) });
    },

    /** Ends an erasure whose run was cancelled. */
    async endErasure({ orgId, erasureId }: { orgId: string; erasureId: string }): Promise<void> {
      const erasure = await read(orgId, erasureId);
      await endErasure(sql, {
        orgId,
        erasureId,
        status: 'cancelled',
        historiesGoneAt: null,
        audit: endOf(orgId, erasure, 'erasure.cancelled', erasure.historiesGoneAt),
      });
    },
  };
}

function endOf(orgId: string, { id, ref, keysDestroyed, touched, backupsExpireAt, done }: ErasureRow, type: string, historiesGoneAt: Date | null): AuditEntry {
  const fields = { type, actor: 'system', target: id };
  const goneAt = historiesGoneAt?.toISOString() ?? null;
  const details = {
    subject: ref,
    keysDestroyed,
    touched,
    backupsExpireAt: backupsExpireAt.toISOString(),
    historiesGoneAt: goneAt,
  };
  // An erasure that was cancelled may be taken up and cancelled again. A record has one body only, so what may differ by then is in its id.
  return { id: recordId(orgId, type, id, String(done), String(goneAt)), body: canonicalize({ v: 1, ...fields, requestId: id, details }), fields };
}
