import type { BodyLine, CheckpointLine, EntryLine, TileLine } from '../../core/ledger/export-format.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** What an export is pinned to, read in one snapshot of the database. */
export interface ExportPin {
  /** The database's, epoch milliseconds. */
  exportedAt: number;
  nextSeq: number;
  /** Hex. */
  head: string;
  lastAt: number | null;
  checkpointSize: number;
  /** Number and size of the newest checkpoint; 0 where there is none. */
  checkpoint: number;
  signedSize: number;
  /** Entries below are gone, or are about to go. */
  minIndex: number;
  /** Hash of the entry before it, in hex; null where it is 0. */
  anchorHash: string | null;
  /** Number of the newest purge entry; null where nothing was ever purged. */
  purgeSeq: number | null;
}

/** Undefined when the organisation has no ledger. */
export function readExportPin(sql: Sql, orgId: string): Promise<ExportPin | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<ExportPin[]>`
      select (extract(epoch from ledger_now()) * 1000)::bigint as "exportedAt", h.next_seq as "nextSeq", encode(h.head, 'hex') as head,
             case when isfinite(h.last_at) then (extract(epoch from h.last_at) * 1000)::bigint end as "lastAt", h.checkpoint_size as "checkpointSize",
             coalesce(c.number, 0) as checkpoint, coalesce(c.size, 0) as "signedSize",
             coalesce(p.min_index, 0) as "minIndex", encode(p.anchor_hash, 'hex') as "anchorHash", p.entry_seq as "purgeSeq"
      from ledger_head h
      left join lateral (select k.* from ledger_checkpoint k where k.org_id = ${orgId} order by k.number desc limit 1) c on true
      left join ledger_prune p on p.org_id = ${orgId}
      where h.org_id = ${orgId}`;
    return row;
  });
}

/** Part of the ledger: from one number on, and below another; `beyond-head`: what stands where the head says that nothing is yet. */
export interface SeqRange {
  from: number;
  until: number | 'beyond-head';
}

/** Entries in order. */
export function readExportedEntries(sql: Sql, { orgId, limit = 2_000, ...range }: { orgId: string; limit?: number } & SeqRange): Promise<EntryLine[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<EntryLine[]>`
    select seq, kind, record_id as id, (extract(epoch from at) * 1000)::bigint as at, retain_days as retain, encode(body_hash, 'hex') as body, encode(entry_hash, 'hex') as hash
    from ledger_entry where org_id = ${orgId} and ${seqIn(tx, orgId, range)} order by seq limit ${limit}`,
  );
}

export interface ExportedBody extends Omit<BodyLine, 'fields'> {
  /** JSON text of the columns beside the body. */
  fields: string;
  /** The recorded text. */
  body: string;
}

export interface BodiesQuery extends SeqRange {
  orgId: string;
  limit?: number;
  /** Of bodies, beside the first one. */
  maxBytes?: number;
}

/** Bodies in order. All of one number come together: that there are several of one is something to be found. */
export function readExportedBodies(sql: Sql, { orgId, limit = 2_000, maxBytes = 1_048_576, ...range }: BodiesQuery): Promise<ExportedBody[]> {
  return asTenant(sql, orgId, (tx) => {
    const bodies = (kind: number, table: string, fields: string) => tx`
      (select b.seq, ${kind}::int as kind, b.record_id, b.at, b.retention, row_to_json((select f from (select ${tx.unsafe(fields)}) f))::text as fields, b.body
       from ${tx(table)} b where b.org_id = ${orgId} and ${seqIn(tx, orgId, range)} order by b.seq fetch first ${limit} rows with ties)`;
    return tx<ExportedBody[]>`
    select seq, kind, record_id as id, (extract(epoch from at) * 1000)::bigint as at, retention as retain, fields, body
    from (
      select t.*, coalesce(sum(octet_length(t.body)) over (order by t.seq range between unbounded preceding and 1 preceding), 0) as before
      from (
        select * from (
          ${bodies(1, 'agent_events', EVENT_FIELDS)} union all ${bodies(2, 'hitl_decisions', REVIEW_FIELDS)}
          union all ${bodies(3, 'audit_records', AUDIT_FIELDS)} union all ${bodies(4, 'policy_violations', VIOLATION_FIELDS)}
        ) of_each order by seq fetch first ${limit} rows with ties) t) page
    where before < ${maxBytes} order by seq, kind`;
  });
}

const EVENT_FIELDS = `b.event_id as "eventId", encode(b.event_digest, 'hex') as "eventDigest", b.agent_id as "agentId", b.action, b.session_id as "sessionId", b.value,
  b.risk_score as "riskScore", b.categories, b.policy_version as "policyVersion", b.rule_id as "ruleId", b.checkpoint_size as "checkpointSize"`;
const REVIEW_FIELDS = 'b.review_id as "reviewId", b.event_id as "eventId", b.step, b.actor';
const AUDIT_FIELDS = 'b.type, b.actor, b.target';
const VIOLATION_FIELDS = 'b.event_id as "eventId", b.agent_id as "agentId", b.value, b.rule_id as "ruleId", b.detectors';

const seqIn = (tx: TransactionSql, orgId: string, { from, until }: SeqRange) =>
  until === 'beyond-head'
    ? tx`seq >= greatest(${from}::bigint, (select h.next_seq from ledger_head h where h.org_id = ${orgId}))`
    : tx`seq >= ${from} and seq < ${until}`;

/** Checkpoints by number, from one to another. */
export function readExportedCheckpoints(
  sql: Sql,
  { orgId, from, to, limit = 1_000 }: { orgId: string; from: number; to: number; limit?: number },
): Promise<CheckpointLine[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<CheckpointLine[]>`
    select number, size, encode(root, 'hex') as root, (extract(epoch from signed_at) * 1000)::bigint as at, note
    from ledger_checkpoint where org_id = ${orgId} and number between ${from} and ${to} order by number limit ${limit}`,
  );
}

/**
 * Tiles from `from` on that are full within `size` entries. Those that no checkpoint at all reaches come too: they must not be there.
 */
export function readExportedTiles(
  sql: Sql,
  { orgId, from, size, limit = 2_000 }: { orgId: string; from: { level: number; index: number }; size: number; limit?: number },
): Promise<TileLine[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<TileLine[]>`
    select t.level, t.idx as index, encode(t.root, 'hex') as root
    from ledger_tile t,
         (select coalesce((select k.size from ledger_checkpoint k where k.org_id = ${orgId} order by k.number desc limit 1), 0) as size) signed
    where t.org_id = ${orgId} and (t.level, t.idx) >= (${from.level}, ${from.index})
      and ((t.idx + 1) * 256::numeric ^ (t.level + 1) <= ${size} or (t.idx + 1) * 256::numeric ^ (t.level + 1) > signed.size)
    order by t.level, t.idx limit ${limit}`,
  );
}
