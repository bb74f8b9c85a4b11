import type { SpineEntry } from '../../core/ledger/chain.ts';
import type { KeyUse } from '../../core/ledger/log-names.ts';
import type { Sql } from '../client.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

/** What the signer asks and records, as `mg_signer`: hashes of all organisations, no bodies. Hashes are lower-case hex. */
export interface UnsignedLedger {
  org: string;
  nextSeq: number;
  /** Entries that the newest checkpoint covers. */
  signedSize: number;
  /** Time of the oldest entry that no checkpoint covers; null where there is none (the ledger has shrunk). */
  oldestAtMs: number | null;
}

export interface StoredCheckpoint {
  number: number;
  size: number;
  root: string;
  note: string;
  storedAtMs: number;
}

export interface LedgerView {
  org: string;
  nextSeq: number;
  head: string;
  /** `ledger_head.checkpoint_size`: what receipts say. */
  checkpointSize: number;
  newest: StoredCheckpoint | null;
}

export interface TileRootItem {
  level: number;
  index: number;
  root: string;
}

export interface CheckpointItem {
  org: string;
  number: number;
  size: number;
  root: string;
  note: string;
  tiles: readonly TileRootItem[];
}

export interface DeploymentItem extends Omit<CheckpointItem, 'org'> {
  leaves: readonly { index: number; org: string; number: number; hash: string }[];
}

/**
 * Takes or keeps the lock of the one signer of this database, which belongs to the connection's session. `taken` says that it was not held before,
 * so a connection was lost meanwhile, perhaps together with the database behind it.
 */
export async function holdSignerLock(sql: Sql): Promise<'held' | 'taken' | 'other'> {
  const [row] = await sql<{ held: boolean; taken: boolean | null }[]>`
    with mine as (
      select exists (
        select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted and database = (select oid from pg_database where datname = current_database())
          and ((classid::bigint << 32) | objid::bigint) = hashtext('mg_signer')::bigint and objsubid = 1
      ) as held)
    select held, case when held then null else pg_try_advisory_lock(hashtext('mg_signer')) end as taken from mine`;
  if (row?.held === true) return 'held';
  return row?.taken === true ? 'taken' : 'other';
}

export async function releaseSignerLock(sql: Sql): Promise<void> {
  await sql`select pg_advisory_unlock(hashtext('mg_signer'))`;
}

/** Ledgers whose newest checkpoint is not of all their entries, the oldest first. */
export function listUnsigned(sql: Sql): Promise<UnsignedLedger[]> {
  return sql<UnsignedLedger[]>`
    select h.org_id as org, h.next_seq as "nextSeq", h.checkpoint_size as "signedSize",
           case when isfinite(e.at) then (extract(epoch from e.at) * 1000)::bigint end as "oldestAtMs"
    from ledger_head h left join ledger_entry e on e.org_id = h.org_id and e.seq = h.checkpoint_size
    where h.next_seq <> h.checkpoint_size
    order by e.at, h.org_id`;
}

const views = (sql: Sql) => sql`
  select h.org_id as org, h.next_seq as "nextSeq", encode(h.head, 'hex') as head, h.checkpoint_size as "checkpointSize",
         c.number, c.size, encode(c.root, 'hex') as root, c.note, case when isfinite(c.signed_at) then (extract(epoch from c.signed_at) * 1000)::bigint else 0 end as "storedAtMs"
  from ledger_head h
  left join lateral (select * from ledger_checkpoint k where k.org_id = h.org_id order by k.number desc limit 1) c on true`;

type ViewRow = Omit<LedgerView, 'newest'> & { [column in keyof StoredCheckpoint]: StoredCheckpoint[column] | null };

const viewOf = ({ org, nextSeq, head, checkpointSize, ...newest }: ViewRow): LedgerView => ({
  org,
  nextSeq,
  head,
  checkpointSize,
  newest: newest.number === null ? null : (newest as StoredCheckpoint),
});

/** Heads and newest checkpoints of these organisations, in one snapshot; those that are not there are left out. */
export async function readLedgerViews(sql: Sql, orgs: readonly string[]): Promise<Map<string, LedgerView>> {
  const rows = await sql<ViewRow[]>`${views(sql)} where h.org_id = any (${sql.array([...orgs], 2950)}::uuid[])`;
  return new Map(rows.map((row) => [row.org, viewOf(row)]));
}

/** The same of all organisations, a page at a time. */
export async function listLedgerViews(sql: Sql, { afterOrg, limit }: { afterOrg: string | undefined; limit: number }): Promise<LedgerView[]> {
  const rows = await sql<ViewRow[]>`
    ${views(sql)} ${afterOrg === undefined ? sql`` : sql`where h.org_id > ${afterOrg}`} order by h.org_id limit ${limit}`;
  return rows.map(viewOf);
}

/** Entries from `fromSeq` on, below `untilSeq`. */
export function readEntries(
  sql: Sql,
  { org, fromSeq, untilSeq, limit }: { org: string; fromSeq: number; untilSeq: number; limit: number },
): Promise<SpineEntry[]> {
  return sql<SpineEntry[]>`
    select org_id as org, seq, kind, record_id as id, case when isfinite(at) then (extract(epoch from at) * 1000)::bigint end as "atMs", retain_days as "retainDays",
           encode(body_hash, 'hex') as "bodyHash", encode(entry_hash, 'hex') as "entryHash"
    from ledger_entry where org_id = ${org} and seq >= ${fromSeq} and seq < ${untilSeq} order by seq limit ${limit}`;
}

/** Number of the oldest entry that is still there; null where there is none. Those below it have been pruned. */
export async function firstEntrySeq(sql: Sql, org: string): Promise<number | null> {
  const [row] = await sql<{ seq: number | null }[]>`select min(seq) as seq from ledger_entry where org_id = ${org}`;
  return row?.seq ?? null;
}

/** Roots of level 0 tiles from `fromIndex` on, below `untilIndex`, in order. */
export async function readTileRoots(
  sql: Sql,
  { org, fromIndex, untilIndex }: { org: string; fromIndex: number; untilIndex: number },
): Promise<{ index: number; root: string }[]> {
  return sql<{ index: number; root: string }[]>`
    select idx as index, encode(root, 'hex') as root from ledger_tile
    where org_id = ${org} and level = 0 and idx >= ${fromIndex} and idx < ${untilIndex} order by idx`;
}

export interface DeploymentView {
  newest: StoredCheckpoint | null;
  /** How many leaves there are: as many as the newest checkpoint says. */
  leaves: number;
}

export async function readDeployment(sql: Sql): Promise<DeploymentView> {
  const [row] = await sql<({ leaves: number } & { [column in keyof StoredCheckpoint]: StoredCheckpoint[column] | null })[]>`
    select l.leaves, d.number, d.size, encode(d.root, 'hex') as root, d.note, case when isfinite(d.signed_at) then (extract(epoch from d.signed_at) * 1000)::bigint else 0 end as "storedAtMs"
    from (select coalesce(max(idx) + 1, 0) as leaves from deployment_leaf) l
    left join (select * from deployment_checkpoint order by number desc limit 1) d on true`;
  const { leaves = 0, ...newest } = row ?? { number: null };
  return { leaves, newest: newest.number === null ? null : (newest as StoredCheckpoint) };
}

/** Leaves of the deployment log from `fromIndex` on, in order. */
export function readDeploymentLeaves(sql: Sql, { fromIndex, limit }: { fromIndex: number; limit: number }): Promise<{ index: number; hash: string }[]> {
  return sql<{ index: number; hash: string }[]>`
    select idx as index, encode(hash, 'hex') as hash from deployment_leaf where idx >= ${fromIndex} order by idx limit ${limit}`;
}

/** Records what was signed at one time: all of it, or nothing. */
export async function recordCheckpoints(sql: Sql, checkpoints: readonly CheckpointItem[], deployment: DeploymentItem): Promise<void> {
  await sql`
    select record_checkpoints(${sql.array(
      checkpoints.map((item) => JSON.stringify(item)),
      25,
    )}::text[]::jsonb[], ${JSON.stringify(deployment)}::text::jsonb)`;
}

/** Tells organisations of their signer, in one statement. A note that stands already is left alone. */
export async function appendSignerNotes(sql: Sql, notes: readonly { org: string; audit: AuditEntry }[]): Promise<void> {
  // In one order, whoever appends: heads are locked one after the other.
  const ordered = notes.toSorted((a, b) => (a.org < b.org ? -1 : a.org > b.org ? 1 : 0));
  await sql`
    select signer_note(n.org::uuid, n.audit::jsonb)
    from unnest(${sql.array(
      ordered.map(({ org }) => org),
      25,
    )}::text[], ${sql.array(
      ordered.map(({ audit }) => auditParameter(audit)),
      25,
    )}::text[]) with ordinality as n(org, audit, place) order by n.place`;
}

export async function publishLogKey(sql: Sql, { vkey, name, use }: { vkey: string; name: string; use: KeyUse }): Promise<void> {
  await sql`select publish_log_key(${vkey}, ${name}, ${use})`;
}

export async function retireLogKey(sql: Sql, vkey: string): Promise<void> {
  await sql`select retire_log_key(${vkey})`;
}
