import type { Sql, TransactionSql } from '../../../db/client.ts';
import type { Attempt } from './attempt.ts';

/** Functions of every schema that is not the server's own, by name; one that shares its name with another by its arguments too. */
const FUNCTION = `
  select p.oid, p.proowner, p.prosecdef,
         case when n.nspname = 'public' then '' else n.nspname || '.' end
           || case when count(*) over (partition by p.pronamespace, p.proname) = 1 then p.proname else p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' end as name,
         -- Through a subquery: a strict function of constant nulls is answered without being called.
         format('select %I.%I(%s) from (select 1%s offset 0) as a', n.nspname, p.proname,
                (select string_agg('a.v' || o, ', ' order by o) from unnest(p.proargtypes) with ordinality as a(t, o)),
                (select string_agg(', null::' || format_type(t, null) || ' as v' || o, '' order by o) from unnest(p.proargtypes) with ordinality as a(t, o))) as call
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prokind = 'f' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** Lines `<role> <function>`: who may call what, its owner left out. */
export async function functionPrivileges(sql: Sql | TransactionSql, roles: readonly string[]): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(
    `with function as (${FUNCTION})
     select r || ' ' || f.name as line from function f, unnest($1::text[]) as r
     where f.proowner <> r::regrole and has_function_privilege(r, f.oid, 'execute')`,
    [`{${roles.join(',')}}`],
  );
  return rows.map(({ line }) => line).toSorted();
}

/** Lines `<function> as <role>`: as whom a function runs, whoever calls it. Functions that run as their caller are no part of it. */
export async function definerFunctions(sql: Sql | TransactionSql): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(
    `with function as (${FUNCTION}) select f.name || ' as ' || pg_get_userbyid(f.proowner) as line from function f where f.prosecdef`,
  );
  return rows.map(({ line }) => line).toSorted();
}

/** A call of every function, with nothing but nulls, as every role that does not own it. */
export async function functionAttempts(sql: Sql | TransactionSql, roles: readonly string[]): Promise<Attempt[]> {
  const functions = await sql.unsafe<{ name: string; owner: string; call: string }[]>(
    `with function as (${FUNCTION}) select f.name, pg_get_userbyid(f.proowner) as owner, f.call from function f`,
  );
  return functions.flatMap(({ name, owner, call }) =>
    roles.filter((role) => role !== owner).map((role) => ({ name: `${role} ${name}`, role, statement: call })),
  );
}
