import type { SpineEntry } from '../../core/ledger/chain.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface SpineRow extends Omit<SpineEntry, 'org'> {
  /** Null where the body has been purged. */
  body: string | null;
}

/** Spine and bodies from `fromSeq` on, in order. */
export function readSpine(sql: Sql, { orgId, fromSeq, limit = 2_000 }: { orgId: string; fromSeq: number; limit?: number }): Promise<SpineRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<SpineRow[]>`
      with page as (select * from ledger_entry where org_id = ${orgId} and seq >= ${fromSeq} order by seq limit ${limit}),
      body as (
        select b.seq, b.body from agent_events b where b.org_id = ${orgId} and b.seq between (select min(seq) from page) and (select max(seq) from page)
        union all select b.seq, b.body from hitl_decisions b where b.org_id = ${orgId} and b.seq between (select min(seq) from page) and (select max(seq) from page)
        union all select b.seq, b.body from audit_records b where b.org_id = ${orgId} and b.seq between (select min(seq) from page) and (select max(seq) from page)
        union all select b.seq, b.body from policy_violations b where b.org_id = ${orgId} and b.seq between (select min(seq) from page) and (select max(seq) from page))
      select p.seq, p.kind, p.record_id as id, (extract(epoch from p.at) * 1000)::bigint as "atMs", p.retain_days as "retainDays",
             encode(p.body_hash, 'hex') as "bodyHash", encode(p.entry_hash, 'hex') as "entryHash", b.body
      from page p left join body b on b.seq = p.seq order by p.seq`,
  );
}

/** Undefined when the organisation has no ledger. */
export function readLedgerHead(sql: Sql, orgId: string): Promise<{ nextSeq: number; head: string } | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<
      { nextSeq: number; head: string }[]
    >`select next_seq as "nextSeq", encode(head, 'hex') as head from ledger_head where org_id = ${orgId}`;
    return row;
  });
}
