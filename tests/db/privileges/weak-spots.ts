import type { Sql, TransactionSql } from '../../../db/client.ts';

const SCHEMA = `nspname !~ '^pg_' and nspname <> 'information_schema'`;
const LEDGER = `('ledger_entry', 'agent_events', 'hitl_decisions', 'audit_records', 'policy_violations', 'ledger_checkpoint', 'ledger_tile',
  'deployment_leaf', 'deployment_checkpoint', 'deployment_tile', 'log_key', 'anchor_receipt')`;

/** Each answers the names of objects that let somebody past a rule which the others do not look at. */
const CHECKS: Record<string, string> = {
  'granted on a partition': `
    select c.oid::regclass || ' to ' || case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end || ': ' || lower(a.privilege_type)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join lateral (select x.* from aclexplode(c.relacl) x union all select x.* from pg_attribute t, aclexplode(t.attacl) x where t.attrelid = c.oid) a
    where ${SCHEMA} and c.relispartition and a.grantee <> c.relowner`,
  'row-level security not forced': `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${SCHEMA} and c.relkind in ('r', 'p') and c.relname <> 'schema_migration' and not (c.relrowsecurity and c.relforcerowsecurity)`,
  'policy that shows other organisations': `
    select p.polrelid::regclass || '.' || p.polname
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where ${SCHEMA} and p.polpermissive
      and (0 = any (p.polroles) or 'mg_app'::regrole = any (p.polroles) or 'mg_report'::regrole = any (p.polroles))
      -- What has no organisation is shown to all of them; what has none in one row only, to whoever has one.
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id')
      and coalesce(pg_get_expr(p.polqual, p.polrelid), '') not in
        ('(org_id = current_org())', '((org_id = current_org()) OR ((org_id IS NULL) AND (current_org() IS NOT NULL)))')`,
  'granted to everybody': `
    select c.oid::regclass || ': ' || lower(a.privilege_type)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a where ${SCHEMA} and a.grantee = 0
    union all
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${SCHEMA} and has_function_privilege('public', p.oid, 'execute')
    union all
    select 'schema ' || nspname from pg_namespace where ${SCHEMA} and (has_schema_privilege('public', oid, 'usage') or has_schema_privilege('public', oid, 'create'))`,
  'may be handed on': `
    select c.oid::regclass || ' by ' || pg_get_userbyid(a.grantee)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
    where ${SCHEMA} and a.is_grantable and a.grantee <> c.relowner`,
  'definer function without a fixed search path': `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${SCHEMA} and p.prosecdef
      and not exists (select from unnest(p.proconfig) as s where s ~ '^search_path=((public|vault), )*pg_catalog, pg_temp$')`,
  'definer function of a role that passes row-level security': `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
    where ${SCHEMA} and p.prosecdef and (r.rolsuper or r.rolbypassrls)`,
  'view that reads as its owner': `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${SCHEMA} and (c.relkind = 'm' or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false))`,
  'ledger rows may be changed': `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p')
      and (c.relname in ${LEDGER} or (select relname from pg_class where oid = pg_partition_root(c.oid)) in ${LEDGER})
      and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only' and t.tgenabled in ('O', 'A')
                        and t.tgtype & 1 = 1 and t.tgtype & 2 = 2 and t.tgtype & 8 = 8 and t.tgtype & 16 = 16)`,
  'ledger may be truncated': `
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r'
      and (c.relname in ${LEDGER} or (select relname from pg_class where oid = pg_partition_root(c.oid)) in ${LEDGER})
      and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'no_truncate' and t.tgenabled in ('O', 'A') and t.tgtype & 32 = 32)`,
};

/** Lines `<what is wrong>: <object>`, in the whole catalogue. None is the guarantee. */
export async function findWeakSpots(sql: Sql | TransactionSql): Promise<string[]> {
  const union = Object.entries(CHECKS).map(([title, query]) => `select '${title}: ' || name as line from (${query}) as found(name)`);
  const rows = await sql.unsafe<{ line: string }[]>(union.join(' union all '));
  return rows.map(({ line }) => line).toSorted();
}
