import type { PurgeStatistics } from '../../core/ledger/purge-details.ts';
import type { Sql } from '../client.ts';

// What the purge is allowed to do: every one of these is a function of migration 0015, called as `mg_purge`, which can do nothing else.

/** What is due in one organisation now; undefined where there is no such ledger. */
export async function purgeStatistics(sql: Sql, orgId: string): Promise<PurgeStatistics | undefined> {
  const [row] = await sql<{ statistics: PurgeStatistics | null }[]>`select purge_statistics(${orgId}) as statistics`;
  return row?.statistics ?? undefined;
}

export interface PurgeEntry {
  orgId: string;
  runId: string;
  /** Of the rules it states. */
  version: number;
  recordId: string;
  /** RFC 8785 text. */
  body: string;
  fields: { type: string; actor: string; target: string | null };
}

/** Appends the entry that says what goes. `stale`: the rules have changed; `exists`: it stands. */
export async function recordPurge(sql: Sql, { orgId, runId, version, recordId, body, fields }: PurgeEntry): Promise<'recorded' | 'exists' | 'stale'> {
  const [row] = await sql<{ status: 'recorded' | 'exists' | 'stale' }[]>`
    select status from purge_record(${orgId}, ${runId}, ${version}, ${recordId}, ${body}, ${JSON.stringify(fields)}::text::jsonb)`;
  if (row === undefined) throw new Error('purge_record answered nothing');
  return row.status;
}

/** Notes that bodies are due and stay, because nothing that was signed covers them. */
export async function awaitCheckpoint(sql: Sql, { orgId, runId, bodies }: { orgId: string; runId: string; bodies: number }): Promise<void> {
  await sql`select purge_wait(${orgId}, ${runId}, ${bodies})`;
}

/** Partitions that are old enough to be looked at, oldest first. */
export async function listOldLeaves(sql: Sql): Promise<string[]> {
  const rows = await sql<{ leaf: string }[]>`select purge_leaves as leaf from purge_leaves()`;
  return rows.map(({ leaf }) => leaf);
}

/** Drops a partition of which nothing has to stay; answers how many bodies it held, null where it stays. */
export async function dropLeaf(sql: Sql, { runId, leaf }: { runId: string; leaf: string }): Promise<number | null> {
  const [row] = await sql<{ bodies: number | null }[]>`select purge_drop_leaf(${runId}, ${leaf}) as bodies`;
  return row?.bodies ?? null;
}

/** `more`: go on; `done`; `stale`: the rules have changed, another entry comes first; `ended`: the run was cancelled. */
export type PurgedBodies = { status: 'more' | 'done' | 'stale' | 'ended'; deleted: number };

export async function purgeBodies(sql: Sql, { orgId, runId, limit }: { orgId: string; runId: string; limit: number }): Promise<PurgedBodies> {
  const [row] = await sql<PurgedBodies[]>`select status, deleted from purge_bodies(${orgId}, ${runId}, ${limit})`;
  if (row === undefined) throw new Error('purge_bodies answered nothing');
  return row;
}

/** Deletes entries that the newest purge entry gives up; answers how many. */
export async function purgeSpine(sql: Sql, { orgId, runId, limit }: { orgId: string; runId: string; limit: number }): Promise<number> {
  const [row] = await sql<{ deleted: number }[]>`select purge_spine(${orgId}, ${runId}, ${limit}) as deleted`;
  return row?.deleted ?? 0;
}

export async function finishPurge(sql: Sql, { orgId, runId }: { orgId: string; runId: string }): Promise<void> {
  await sql`select purge_finish(${orgId}, ${runId})`;
}

/** What fails for one organisation does not keep the others waiting. */
export async function failPurge(sql: Sql, { orgId, runId }: { orgId: string; runId: string }): Promise<void> {
  await sql`select purge_fail(${orgId}, ${runId})`;
}

/** Ends a run where it stands. What it has not deleted stays, and is due again. */
export async function cancelPurge(sql: Sql, runId: string): Promise<void> {
  await sql`select purge_cancel(${runId})`;
}

/** Organisations by id, from behind `after`. */
export async function listPurgeOrganizations(sql: Sql, { after, limit }: { after: string | null; limit: number }): Promise<string[]> {
  const rows = await sql<{ orgId: string }[]>`select purge_organizations as "orgId" from purge_organizations(${after}, ${limit})`;
  return rows.map(({ orgId }) => orgId);
}

/** Organisations of a run that wait for a checkpoint. */
export async function listUnsignedPurges(sql: Sql, runId: string): Promise<string[]> {
  const rows = await sql<{ orgId: string }[]>`select purge_unsigned as "orgId" from purge_unsigned(${runId})`;
  return rows.map(({ orgId }) => orgId);
}

/** The organisation whose bodies go next; undefined when the run is through. */
export async function nextPurge(sql: Sql, runId: string): Promise<string | undefined> {
  const [row] = await sql<{ orgId: string | null }[]>`select purge_next(${runId}) as "orgId"`;
  return row?.orgId ?? undefined;
}

export interface PurgeProgress {
  /** Bodies that a purge entry of this run gives up, and those that are gone. */
  total: number;
  done: number;
  /** Organisations by where they are; `unsigned` ones wait for a checkpoint. */
  running: number;
  finished: number;
  unsigned: number;
  failed: number;
  cancelled: number;
}

export async function purgeProgress(sql: Sql, runId: string): Promise<PurgeProgress> {
  const [row] = await sql<PurgeProgress[]>`select total, done, running, finished, unsigned, failed, cancelled from purge_progress(${runId})`;
  if (row === undefined) throw new Error('purge_progress answered nothing');
  return row;
}
