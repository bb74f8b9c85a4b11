import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface PurgeReceiptRow {
  id: string;
  status: 'running' | 'finished' | 'unsigned' | 'cancelled' | 'failed';
  startedAt: Date;
  finishedAt: Date | null;
  /** Bodies to go, and gone. */
  total: number;
  done: number;
  prunedEntries: number;
  /** The purge entry; null where none was needed. */
  entrySeq: number | null;
  /** Hex. */
  entryHash: string | null;
  /** Its recorded text, as long as it is there. */
  body: string | null;
}

const receipts = (tx: TransactionSql, orgId: string) => tx`
  select r.id, r.status, r.started_at as "startedAt", r.finished_at as "finishedAt", r.total, r.done, r.pruned_entries as "prunedEntries",
         r.entry_seq as "entrySeq", encode(e.entry_hash, 'hex') as "entryHash", a.body
  from purge_run r
  left join ledger_entry e on e.org_id = ${orgId} and e.seq = r.entry_seq
  left join audit_records a on a.org_id = ${orgId} and a.seq = e.seq and a.retention = e.retain_days and a.at = e.at
  where r.org_id = ${orgId}`;

export interface ReceiptsQuery {
  orgId: string;
  /** The last one of the page before. */
  beforeId: string | undefined;
  limit: number;
}

/** Newest first. */
export function listPurgeReceipts(sql: Sql, { orgId, beforeId, limit }: ReceiptsQuery): Promise<PurgeReceiptRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<PurgeReceiptRow[]>`
    ${receipts(tx, orgId)}
      ${beforeId === undefined ? tx`` : tx`and (r.started_at, r.id) < (select b.started_at, b.id from purge_run b where b.org_id = ${orgId} and b.id = ${beforeId})`}
    order by r.started_at desc, r.id desc limit ${limit}`,
  );
}

export function findPurgeReceipt(sql: Sql, { orgId, id }: { orgId: string; id: string }): Promise<PurgeReceiptRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [receipt] = await tx<PurgeReceiptRow[]>`${receipts(tx, orgId)} and r.id = ${id}`;
    return receipt;
  });
}
