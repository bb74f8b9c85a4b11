import type { Sql } from '../client.ts';

/** Throws until the newest function this release calls is there. The application role cannot read the table of migrations itself. */
export async function assertMigrated(sql: Sql): Promise<void> {
  const [row] = await sql<{ migrated: boolean }[]>`
    select to_regclass('public.schema_migration') is not null
       and to_regprocedure('public.activate_policy(uuid,text,integer,jsonb)') is not null as migrated`;
  if (row?.migrated !== true) throw new Error('the database is not migrated');
}
