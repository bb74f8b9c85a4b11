import type { Sql } from '../../db/client.ts';

export const DAY_MS = 86_400_000;

export interface LedgerClock {
  /** Epoch milliseconds. */
  now: () => Promise<number>;
  /** Puts it on by days of 24 hours. */
  advance: (days: number) => Promise<void>;
  /** Stops it at a time, or lets it run again. */
  freeze: (atMs: number | null) => Promise<void>;
}

/** Gives a test's database a clock that can be put on: the one function everything that matters reads the time from. `admin` is a superuser's. */
export async function createLedgerClock(admin: Sql): Promise<LedgerClock> {
  await admin.unsafe(`
    create table ledger_clock (frozen timestamptz, ahead interval not null);
    insert into ledger_clock values (null, '0');
    grant select on ledger_clock to public;
    create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp
      as $$ select date_trunc('milliseconds', coalesce(c.frozen, clock_timestamp()) + c.ahead) from public.ledger_clock c $$`);
  return {
    async now() {
      const [row] = await admin<{ ms: number }[]>`select epoch_ms(ledger_now()) as ms`;
      return row?.ms ?? Number.NaN;
    },
    async advance(days) {
      await admin`update ledger_clock set ahead = ahead + ${days} * interval '24 hours'`;
    },
    async freeze(atMs) {
      await admin`update ledger_clock set frozen = ${atMs === null ? null : new Date(atMs).toISOString()}`;
    },
  };
}
