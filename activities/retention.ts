import { canonicalize } from '../core/json/canonical.ts';
import { purgeDetails } from '../core/ledger/purge-details.ts';
import type { Sql } from '../db/client.ts';
import { isDatabaseAway } from '../db/errors.ts';
import {
  awaitCheckpoint,
  cancelPurge,
  dropLeaf,
  failPurge,
  finishPurge,
  listOldLeaves,
  listPurgeOrganizations,
  listUnsignedPurges,
  nextPurge,
  purgeBodies,
  type PurgeProgress,
  purgeProgress,
  purgeSpine,
  purgeStatistics,
  recordPurge,
} from '../db/queries/purge.ts';
import { recordId } from '../db/record-id.ts';
import type { Json } from '../schemas/json.ts';

export interface RetentionActivitiesDeps {
  /** As `mg_purge`. */
  sql: Sql;
  /** Called between statements; throws where the work is to end. */
  beat?: () => void;
  /** Told of an organisation that could not be purged; the others go on. */
  reportFailure?: (orgId: string, error: unknown) => void;
  /** Organisations of one step of recording. */
  pageSize?: number;
  /** Bodies, and entries, of one statement. */
  batchSize?: number;
  /** Statements of one step of deleting. */
  batches?: number;
}

export interface PurgeStep {
  runId: string;
}

export interface RecordedPurges extends PurgeProgress {
  /** Behind which organisation the next page begins; null after the last one. */
  next: string | null;
}

export type RetentionActivities = ReturnType<typeof createRetentionActivities>;

/** Holds and plans that change while an entry is made send it into another round. */
const MAX_ROUNDS = 20;

/** Each takes a minute, and the step has a quarter of an hour. */
const MAX_LATE_LEAVES = 3;

/** A statement that took too long does so again: the step must not be tried for ever because of it. */
const isOutOfTime = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '57014';

/** Steps of the purge. Each one reads what is still to be done, so that doing one twice, or half of one, is harmless. */
export function createRetentionActivities({
  sql,
  beat = () => undefined,
  reportFailure = () => undefined,
  pageSize = 50,
  batchSize = 5_000,
  batches = 40,
}: RetentionActivitiesDeps) {
  /** True where a purge entry stands that says what goes. */
  const record = async (orgId: string, runId: string): Promise<boolean> => {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const statistics = await purgeStatistics(sql, orgId);
      const details = statistics === undefined ? null : purgeDetails(statistics);
      if (statistics === undefined || details === null) {
        if (statistics !== undefined && statistics.unsigned > 0) await awaitCheckpoint(sql, { orgId, runId, bodies: statistics.unsigned });
        return false;
      }
      const { version } = statistics;
      const fields = { type: 'ledger.purged', actor: 'system', target: null };
      const body = canonicalize({ v: 1, ...fields, requestId: runId, details: details as unknown as Json });
      // One entry per run and state of the rules, however often it is tried.
      const id = recordId(orgId, 'purge', runId, String(version));
      if ((await recordPurge(sql, { orgId, runId, version, recordId: id, body, fields })) !== 'stale') return true;
    }
    throw new Error('holds and plans change without pause');
  };

  /** What is wrong with one organisation's ledger must not keep the others' bodies beyond their time. */
  const attempt = async <T>(orgId: string, runId: string, work: () => Promise<T>): Promise<T | undefined> => {
    let done: T | undefined;
    try {
      done = await work();
    } catch (error) {
      // Only what the database says of this ledger: an end that was asked for, or a database that is away, ends the step.
      if ((isDatabaseAway(error) && !isOutOfTime(error)) || (error as Error).name !== 'PostgresError') throw error;
      reportFailure(orgId, error);
      await failPurge(sql, { orgId, runId });
    }
    beat();
    return done;
  };

  /** Deletes what one organisation's entry gives up, then what its spine may lose, within about that many statements; answers how many it took. */
  const purge = async (orgId: string, runId: string, budget: number): Promise<number> => {
    for (let used = 1; ; used += 1) {
      const { status } = await purgeBodies(sql, { orgId, runId, limit: batchSize });
      beat();
      if (status === 'ended') return used;
      const isMore =
        status === 'more' || (status === 'stale' && (await record(orgId, runId))) || (await purgeSpine(sql, { orgId, runId, limit: batchSize })) > 0;
      if (!isMore) {
        await finishPurge(sql, { orgId, runId });
        return used;
      }
      if (used >= budget) return used;
    }
  };

  return {
    /** States, organisation by organisation, what goes: the entries come before anything is deleted. */
    async recordPurges({ runId, after }: PurgeStep & { after: string | null }): Promise<RecordedPurges> {
      const organizations = await listPurgeOrganizations(sql, { after, limit: pageSize });
      for (const orgId of organizations) await attempt(orgId, runId, () => record(orgId, runId));
      const next = organizations.length < pageSize ? null : (organizations.at(-1) ?? null);
      return { next, ...(await purgeProgress(sql, runId)) };
    },

    /** The same for those whose bodies no checkpoint covered yet. */
    async recordSigned({ runId }: PurgeStep): Promise<PurgeProgress> {
      for (const orgId of await listUnsignedPurges(sql, runId)) await attempt(orgId, runId, () => record(orgId, runId));
      return purgeProgress(sql, runId);
    },

    /** Drops the partitions of which nothing has to stay, for any organisation. */
    async dropLeaves({ runId }: PurgeStep): Promise<PurgeProgress & { leaves: number }> {
      let leaves = 0;
      let late = 0;
      for (const leaf of await listOldLeaves(sql)) {
        // Somebody reads it, or it is too large, for longer than others should wait: its bodies go one by one.
        const dropped = await dropLeaf(sql, { runId, leaf }).catch((error: unknown) => {
          if (isOutOfTime(error)) late += 1;
          else if ((error as { code?: unknown }).code !== '55P03') throw error;
          return null;
        });
        if (dropped !== null) leaves += 1;
        beat();
        if (late === MAX_LATE_LEAVES) break;
      }
      return { ...(await purgeProgress(sql, runId)), leaves };
    },

    /** Deletes what is left, an organisation at a time, and prunes its spine. To be called until nothing runs. */
    async deleteBodies({ runId }: PurgeStep): Promise<PurgeProgress> {
      let used = 0;
      while (used < batches) {
        const orgId = await nextPurge(sql, runId);
        if (orgId === undefined) break;
        const budget = batches - used;
        used += (await attempt(orgId, runId, () => purge(orgId, runId, budget))) ?? 1;
      }
      return purgeProgress(sql, runId);
    },

    /** Ends a run where it stands. */
    async endPurge({ runId }: PurgeStep): Promise<PurgeProgress> {
      await cancelPurge(sql, runId);
      return purgeProgress(sql, runId);
    },
  };
}
