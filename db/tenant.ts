import type { Sql, TransactionSql } from './client.ts';

/**
 * Runs reads with row-level security bound to one organisation. Statements still carry `org_id = $1` themselves;
 * the setting is what stops a statement that forgot.
 */
export function asTenant<T>(sql: Sql, orgId: string, read: (tx: TransactionSql) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = sql.begin('read only', async (tx) => {
      // Sent together with the first read, which saves a round trip: a connection does things in the order it was told to.
      const bound = tx`select set_config('mg.org_id', ${orgId}, true)`.execute();
      const [result] = await Promise.all([read(tx), bound]);
      // Nothing was written, so nobody needs to wait until the transaction has ended.
      resolve(result);
    });
    ended.catch(reject);
  });
}
