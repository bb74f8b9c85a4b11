import type { Sql, TransactionSql } from '../../../db/client.ts';
import type { Attempt } from './attempt.ts';

const VERBS = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'] as const;

/** Tables, partitions and views of every schema that is not the server's own; `public.` is left out of their names. */
const RELATION = `
  select c.oid, case when n.nspname = 'public' then '' else n.nspname || '.' end || c.relname as name, c.relowner, c.relispartition
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** Tables, partitions and views, sorted. */
export async function tableNames(sql: Sql | TransactionSql): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(`with relation as (${RELATION}) select name from relation`);
  return rows.map(({ name }) => name).toSorted();
}

/** Lines `<role> <verb> <table>`: what the catalogue says a role may do with a whole table. Of its owner only that it owns it: `<role> owns <table>`. */
export async function tablePrivileges(sql: Sql | TransactionSql, roles: readonly string[]): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(
    `with relation as (${RELATION}), role as (select unnest($1::text[]) as name)
     select r.name || ' ' || v || ' ' || t.name as line from relation t, role r, unnest($2::text[]) as v
       where t.relowner <> r.name::regrole and has_table_privilege(r.name, t.oid, v)
     union all
     select r.name || ' owns ' || t.name from relation t, role r where t.relowner = r.name::regrole`,
    [sqlArray(roles), sqlArray(VERBS)],
  );
  return rows.map(({ line }) => line).toSorted();
}

/** Lines `<role> <verb> <table>.<column>`: what a role may do with a column though not with its whole table. */
export async function columnPrivileges(sql: Sql | TransactionSql, roles: readonly string[]): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(
    `with relation as (${RELATION})
     select r || ' ' || v || ' ' || t.name || '.' || a.attname as line
     from relation t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped,
          unnest($1::text[]) as r, unnest('{select,insert,update,references}'::text[]) as v
     where has_column_privilege(r, t.oid, a.attnum, v) and not has_table_privilege(r, t.oid, v)`,
    [sqlArray(roles)],
  );
  return rows.map(({ line }) => line).toSorted();
}

/** Every verb that a statement can try, on every table and partition, as every role; named like the lines of {@link tablePrivileges}. */
export async function tableAttempts(sql: Sql | TransactionSql, roles: readonly string[]): Promise<(Attempt & { owner: string })[]> {
  const tables = await sql.unsafe<{ name: string; ident: string; owner: string; column: string }[]>(
    `with relation as (${RELATION})
     select t.name, t.oid::regclass::text as ident, pg_get_userbyid(t.relowner) as owner, quote_ident(a.attname) as column
     from relation t join lateral (select attname from pg_attribute where attrelid = t.oid and attnum > 0 and not attisdropped order by attnum limit 1) a on true`,
  );
  return tables.flatMap(({ name, ident, owner, column }) =>
    roles.flatMap((role) =>
      Object.entries({
        select: `select whole from ${ident} as whole limit 0`,
        insert: `insert into ${ident} default values`,
        update: `update ${ident} set ${column} = default where false`,
        delete: `delete from ${ident} where false`,
        truncate: `truncate ${ident}`,
      }).map(([verb, statement]) => ({ name: `${role} ${verb} ${name}`, role, owner, statement })),
    ),
  );
}

const sqlArray = (values: readonly string[]): string => `{${values.join(',')}}`;
