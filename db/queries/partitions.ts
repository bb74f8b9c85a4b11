import type { Sql } from '../client.ts';

/** Makes the partitions from now on, by the ledger's clock, for `aheadDays`; answers how many were missing. */
export async function makeLedgerPartitions(sql: Sql, { aheadDays }: { aheadDays: number }): Promise<number> {
  const [row] = await sql<{ made: number }[]>`
    select ensure_ledger_partitions(t.now, t.now + make_interval(days => ${aheadDays})) as made from ledger_now() as t(now)`;
  return row?.made ?? 0;
}

/** Records in default partitions, of all organisations. More than none means that the maintenance has not run in time. */
export async function countDefaultRows(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select ledger_default_rows() as count`;
  return row?.count ?? 0;
}
