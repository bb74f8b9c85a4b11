import type { Sql, TransactionSql } from '../../../db/client.ts';

/** What `look` sees after `change`, in a transaction that is undone. */
export async function inDraft<T>(admin: Sql, { change = 'select 1', look }: { change?: string; look: (tx: TransactionSql) => Promise<T> }): Promise<T> {
  const undone = new Error('undone');
  const seen: T[] = [];
  await admin
    .begin(async (tx) => {
      await tx.unsafe(change);
      seen.push(await look(tx));
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return seen[0] as T;
}
