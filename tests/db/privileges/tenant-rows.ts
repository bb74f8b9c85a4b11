import type { Sql, TransactionSql } from '../../../db/client.ts';

/** Tables with an organisation in their rows, in every schema; partitions through their parents. */
const TENANT_TABLE = `
  select c.oid, a.attnum, case when n.nspname = 'public' then '' else n.nspname || '.' end || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * One row of each organisation in every such table, whatever its columns are. `sql` is a superuser's; constraints are in the way of made-up
 * values, so this database is good for nothing else afterwards. A column of a type that is not known here is an error.
 */
export async function fillTenantTables(sql: Sql, orgs: readonly string[]): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local statement_timeout = 0`;
    await tx`set local session_replication_role = replica`;
    await tx`select set_config('test.orgs', ${`{${orgs.join(',')}}`}, true)`;
    await tx.unsafe(FILL);
  });
}

const FILL = `do $$
declare
  t record;
  r record;
  v_org uuid;
  v_names text;
  v_values text;
begin
  for t in ${TENANT_TABLE} loop
    for r in select conname from pg_constraint where conrelid = t.oid and contype = 'c' loop
      execute format('alter table %s drop constraint %I', t.oid::regclass, r.conname);
    end loop;
    foreach v_org in array current_setting('test.orgs')::uuid[] loop
      select string_agg(quote_ident(attname), ', '), string_agg(case when attname = 'org_id' then quote_literal(v_org) else
          case format_type(atttypid, null)
            when 'uuid' then 'gen_random_uuid()'
            when 'text' then 'gen_random_uuid()::text'
            when 'bytea' then 'sha256(gen_random_uuid()::text::bytea)'
            when 'smallint' then '7'
            when 'integer' then '7'
            when 'bigint' then '(random() * 1000000000)::bigint'
            when 'boolean' then 'true'
            when 'date' then 'current_date'
            when 'timestamp with time zone' then 'now()'
            when 'jsonb' then '''{}'''
            when 'text[]' then '''{}'''
            else 'no value of type ' || format_type(atttypid, null) end end, ', ')
        into v_names, v_values
        from pg_attribute where attrelid = t.oid and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' and (attnotnull or attname = 'org_id');
      execute format('insert into %s (%s) values (%s)', t.oid::regclass, v_names, v_values);
    end loop;
  end loop;
end $$`;

/** By `<role> <table>`, for every role that may read the table: of which of `orgs` it sees rows there, by place, as things are set in this transaction. */
export async function rowsSeen(
  sql: Sql | TransactionSql,
  { roles, orgs }: { roles: readonly string[]; orgs: readonly string[] },
): Promise<Map<string, string>> {
  await sql.unsafe(SEEN);
  const rows = await sql.unsafe<{ name: string; seen: string }[]>(
    `with tenant_table as (${TENANT_TABLE})
     select r || ' ' || t.name as name, pg_temp.seen(r, t.oid::regclass, $2::text::uuid[]) as seen
     from tenant_table t, unnest($1::text::text[]) as r where has_column_privilege(r, t.oid, t.attnum, 'select')`,
    [`{${roles.join(',')}}`, `{${orgs.join(',')}}`],
  );
  return new Map(rows.map(({ name, seen }) => [name, seen]));
}

const SEEN = `
  set local statement_timeout = 0;
  create or replace function pg_temp.seen(p_role text, p_table regclass, p_orgs uuid[]) returns text language plpgsql as $$
  declare
    v_seen text;
  begin
    perform set_config('role', p_role, true);
    execute format('select coalesce(string_agg(distinct array_position($1, org_id)::text, '' ''), '''') from %s', p_table) into v_seen using p_orgs;
    raise exception using errcode = 'MG000', message = v_seen;
  exception when others then
    return case when sqlstate = 'MG000' then sqlerrm else sqlstate end;
  end $$`;
