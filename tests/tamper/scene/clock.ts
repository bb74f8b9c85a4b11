import type { Sql } from '../../../db/client.ts';

/** One clock for the database and for everything that works on it. */
export interface SceneClock {
  nowMs: () => number;
  set: (nowMs: number) => Promise<void>;
  advance: (ms: number) => Promise<void>;
}

export async function setSceneClock(admin: Sql, startMs: number): Promise<SceneClock> {
  let nowMs = startMs;
  const set = async (ms: number): Promise<void> => {
    nowMs = ms;
    const at = new Date(ms).toISOString();
    await admin.unsafe(
      `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select timestamptz '${at}' $$`,
    );
  };
  await set(startMs);
  return { nowMs: () => nowMs, set, advance: (ms) => set(nowMs + ms) };
}
