import type { Extension, Reduction } from '../../core/ledger/retention.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** Bodies by kind. */
export interface BodyCounts {
  agentEvents: number;
  hitlDecisions: number;
  auditRecords: number;
  policyViolations: number;
}

export interface RetentionRow {
  retentionDays: number;
  extensions: Extension[];
  reduction: (Reduction & { goes: BodyCounts }) | null;
  /** The newest purge entry; null before the first one. */
  lastPurge: { seq: number; at: Date; upTo: number; minIndex: number } | null;
}

/** How long an organisation's bodies are kept, and what a reduction that is coming will take on its day. Undefined when there is no such organisation. */
export function readRetention(sql: Sql, orgId: string): Promise<RetentionRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<(Omit<RetentionRow, 'reduction'> & { reduction: Reduction | null })[]>`
      select o.retention_days as "retentionDays",
             coalesce((select json_agg(json_build_object('beforeSeq', c.before_seq, 'days', c.days) order by c.before_seq)
               from retention_change c where c.org_id = ${orgId} and c.kind = 'extended' and c.superseded_at is null), '[]') as extensions,
             (select json_build_object('beforeSeq', c.before_seq, 'days', c.days, 'noticeAt', epoch_ms(c.notice_at), 'effectiveAt', epoch_ms(c.effective_at))
               from retention_change c where c.org_id = ${orgId} and c.kind = 'reduced' and c.superseded_at is null) as reduction
      from organization o where o.org_id = ${orgId}`;
    if (row === undefined) return undefined;
    const [lastPurge] = await tx<NonNullable<RetentionRow['lastPurge']>[]>`
      select entry_seq as seq, purged_at as at, up_to as "upTo", min_index as "minIndex" from ledger_prune where org_id = ${orgId}`;
    return { ...row, reduction: row.reduction && { ...row.reduction, goes: await readGoing(tx, orgId) }, lastPurge: lastPurge ?? null };
  });
}

/** Bodies that a reduction takes on the day it takes effect: kept beyond it by everything else, no longer by then, and not held. */
async function readGoing(tx: TransactionSql, orgId: string): Promise<BodyCounts> {
  const going = (table: string) => tx`(
    select count(*) from ${tx(table)} b, retention_change c
    where b.org_id = ${orgId} and c.org_id = ${orgId} and c.kind = 'reduced' and c.superseded_at is null
      and b.seq < c.before_seq and b.at <= c.effective_at - c.days * interval '24 hours'
      and b.at + greatest(b.retention, (select max(x.days) from retention_change x
            where x.org_id = ${orgId} and x.kind = 'extended' and x.superseded_at is null and b.seq < x.before_seq)) * interval '24 hours' > c.effective_at
      and not exists (select from legal_hold h where h.org_id = ${orgId} and h.released_at is null
        and coalesce(h.held_from <= b.at, true) and coalesce(b.at <= h.held_until, true)))`;
  const [counts] = await tx<BodyCounts[]>`
    select ${going('agent_events')} as "agentEvents", ${going('hitl_decisions')} as "hitlDecisions",
           ${going('audit_records')} as "auditRecords", ${going('policy_violations')} as "policyViolations"`;
  if (counts === undefined) throw new Error('a count has no row');
  return counts;
}
