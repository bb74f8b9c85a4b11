import type { Sql, TransactionSql } from '../../../db/client.ts';

/** One thing that a role might do: what it is called, and a statement that does it to no row where it can. */
export interface Attempt {
  name: string;
  role: string;
  statement: string;
}

/**
 * What the server lets through of `attempts`, by really running each as its role and undoing it. `sql` is a superuser's, in a transaction.
 * Whatever stops a statement after its privileges were looked at (a constraint, a trigger, a policy on new rows) does not count as a refusal.
 */
export async function permittedAmong(sql: Sql | TransactionSql, attempts: readonly Attempt[]): Promise<string[]> {
  await sql.unsafe(ATTEMPT);
  const rows = await sql.unsafe<{ name: string; outcome: string }[]>(
    `select a ->> 'name' as name, pg_temp.attempt(a ->> 'role', a ->> 'statement') as outcome from jsonb_array_elements($1::text::jsonb) as a`,
    [JSON.stringify(attempts)],
  );
  // Whatever was wrong with the statement itself says nothing of privileges.
  const unclear = rows.filter(({ outcome }) => outcome.startsWith('42') && outcome !== '42501');
  if (unclear.length > 0) throw new Error(`attempts that show nothing: ${unclear.map(({ name, outcome }) => `${name} (${outcome})`).join(', ')}`);
  return rows.filter(({ outcome }) => outcome !== 'denied').map(({ name }) => name);
}

const ATTEMPT = `
  set local statement_timeout = 0;
  create or replace function pg_temp.attempt(p_role text, p_statement text) returns text language plpgsql as $$
  begin
    perform set_config('role', p_role, true);
    execute p_statement;
    raise exception 'done' using errcode = 'MG000';
  exception when others then
    return case when sqlstate = '42501' and sqlerrm like 'permission denied%' then 'denied' else sqlstate end;
  end $$`;
