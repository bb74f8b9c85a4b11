import type { Sql, TransactionSql } from '../client.ts';
import { recordId } from '../record-id.ts';
import { asTenant } from '../tenant.ts';
import type { CheckpointRow } from './checkpoints.ts';

export interface AuditEntryRow {
  seq: number;
  kind: number;
  id: string;
  at: Date;
  retainDays: number;
  bodyHash: string;
  entryHash: string;
  /** Null where it has been purged. */
  body: string | null;
}

export interface AuditTrailQuery {
  orgId: string;
  /** Entries below this one. */
  beforeSeq: number;
  limit: number;
  kind?: number | undefined;
  /** RFC 3339; from this time on. */
  from?: string | undefined;
  /** Before this time. */
  to?: string | undefined;
  type?: string | undefined;
  target?: string | undefined;
  eventId?: string | undefined;
}

/** Newest first. What is said of a body is found only as long as the body is there. */
export function listAuditEntries(sql: Sql, query: AuditTrailQuery): Promise<AuditEntryRow[]> {
  const { orgId, beforeSeq, limit, kind, from, to, type, target, eventId } = query;
  return asTenant(
    sql,
    orgId,
    (tx) => tx<AuditEntryRow[]>`
    with recursive ${from === undefined ? tx`` : tx`${seqOfTime(tx, { name: 'first', orgId, at: from })}, `}${to === undefined ? tx`` : tx`${seqOfTime(tx, { name: 'past', orgId, at: to })}, `}
    page as (
      select e.* from ledger_entry e
      where e.org_id = ${orgId} and e.seq < ${beforeSeq}
        ${from === undefined ? tx`` : tx`and e.at >= ${from} and e.seq >= coalesce((select low from first where low >= high), 0)`}
        ${to === undefined ? tx`` : tx`and e.at < ${to} and e.seq < coalesce((select low from past where low >= high), ${beforeSeq})`}
        ${kind === undefined ? tx`` : tx`and e.kind = ${kind} ${kind === 1 ? tx`` : tx`and e.kind <> 1`}`}
        ${type === undefined ? tx`` : tx`and e.seq in (select a.seq from audit_records a where a.org_id = ${orgId} and a.type = ${type})`}
        ${target === undefined ? tx`` : tx`and e.seq in (select a.seq from audit_records a where a.org_id = ${orgId} and a.target = ${target})`}
        ${eventId === undefined ? tx`` : tx`and e.seq in (${entriesOfEvent(tx, orgId, eventId)})`}
      order by e.seq desc limit ${limit})
    ${withBodies(tx, orgId)} order by p.seq desc`,
  );
}

/** Undefined when there is no such entry (any more). */
export function findAuditEntry(sql: Sql, { orgId, seq }: { orgId: string; seq: number }): Promise<AuditEntryRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<AuditEntryRow[]>`
      with page as (select * from ledger_entry where org_id = ${orgId} and seq = ${seq}) ${withBodies(tx, orgId)}`;
    return row;
  });
}

/** The place of a record in the ledger. */
export function findSeqOfRecord(sql: Sql, { orgId, id }: { orgId: string; id: string }): Promise<number | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ seq: number }[]>`select seq from ledger_entry where org_id = ${orgId} and record_id = ${id}`;
    return row?.seq;
  });
}

/** Hash of the entry before this one, in hex, though that one itself may have been pruned; null where it is not known. */
export function findPreviousHash(sql: Sql, { orgId, seq }: { orgId: string; seq: number }): Promise<string | null> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ hash: string }[]>`
      select encode(entry_hash, 'hex') as hash from ledger_entry where org_id = ${orgId} and seq = ${seq - 1}
      union all select encode(anchor_hash, 'hex') from ledger_prune where org_id = ${orgId} and min_index = ${seq} and anchor_hash is not null
      limit 1`;
    return row?.hash ?? null;
  });
}

/** Checkpoints, newest first, from before a number. */
export function listNewestCheckpoints(
  sql: Sql,
  { orgId, beforeNumber, limit }: { orgId: string; beforeNumber: number; limit: number },
): Promise<CheckpointRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<CheckpointRow[]>`
      select number, size, root, note, signed_at as "storedAt" from ledger_checkpoint
      where org_id = ${orgId} and number < ${beforeNumber} order by number desc limit ${limit}`,
  );
}

/** The newest checkpoint of exactly so many entries. */
export function findCheckpointOfSize(sql: Sql, { orgId, size }: { orgId: string; size: number }): Promise<CheckpointRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<CheckpointRow[]>`
      select number, size, root, note, signed_at as "storedAt" from ledger_checkpoint
      where org_id = ${orgId} and size = ${size} order by number desc limit 1`;
    return row;
  });
}

/** Entries of `page` with their bodies: each partition key is known, so one partition is looked into for each. */
const withBodies = (tx: TransactionSql, orgId: string) => tx`
  select p.seq, p.kind, p.record_id as id, p.at, p.retain_days as "retainDays", encode(p.body_hash, 'hex') as "bodyHash", encode(p.entry_hash, 'hex') as "entryHash",
         coalesce(b1.body, b2.body, b3.body, b4.body) as body
  from page p
  left join agent_events b1 on p.kind = 1 and b1.org_id = ${orgId} and b1.seq = p.seq and b1.retention = p.retain_days and b1.at = p.at
  left join hitl_decisions b2 on p.kind = 2 and b2.org_id = ${orgId} and b2.seq = p.seq and b2.retention = p.retain_days and b2.at = p.at
  left join audit_records b3 on p.kind = 3 and b3.org_id = ${orgId} and b3.seq = p.seq and b3.retention = p.retain_days and b3.at = p.at
  left join policy_violations b4 on p.kind = 4 and b4.org_id = ${orgId} and b4.seq = p.seq and b4.retention = p.retain_days and b4.at = p.at`;

/** The event itself, the steps of its review, its violations, and changes that name it. */
const entriesOfEvent = (tx: TransactionSql, orgId: string, eventId: string) => tx`
  select x.seq from ledger_entry x where x.org_id = ${orgId} and x.record_id = ${recordId(orgId, 'event', eventId)}
  union all select h.seq from hitl_decisions h where h.org_id = ${orgId} and h.event_id = ${eventId}
  union all select v.seq from policy_violations v where v.org_id = ${orgId} and v.event_id = ${eventId}
  union all select a.seq from audit_records a where a.org_id = ${orgId} and a.target = ${eventId}`;

/**
 * A recursive query that halves its way to the first entry of a time or later: `low`, in the row where `low >= high`. Times never go back
 * from entry to entry, so the spine needs no index of them.
 */
const seqOfTime = (tx: TransactionSql, { name, orgId, at }: { name: 'first' | 'past'; orgId: string; at: string }) => tx`
  ${tx(name)} (low, high) as (
    select coalesce((select min(e.seq) from ledger_entry e where e.org_id = ${orgId}), 0), h.next_seq from ledger_head h where h.org_id = ${orgId}
    union all
    select case when m.at < ${at}::timestamptz then m.seq + 1 else s.low end, case when m.at < ${at}::timestamptz then s.high else (s.low + s.high) / 2 end
    from ${tx(name)} s, lateral (
      select e.seq, e.at from ledger_entry e where e.org_id = ${orgId} and e.seq >= (s.low + s.high) / 2 order by e.seq limit 1) m
    where s.low < s.high)`;
