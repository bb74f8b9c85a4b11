import type { Sql } from '../../db/client.ts';
import type { Attack } from './attack.ts';
import { hit } from './attack.ts';
import { COLUMN_FINDINGS, type ColumnCase } from './column-findings.ts';
import type { Moment } from './scene/scene.ts';

/** A value that is another one, by type. */
const CHANGED: Record<string, (column: string) => string> = {
  uuid: () => `'0190dddd-0000-7000-8000-00000000000d'`,
  smallint: (column) => `coalesce(${column}, 0) + 1`,
  integer: (column) => `coalesce(${column}, 0) + 1`,
  bigint: (column) => `coalesce(${column}, 0) + 1`,
  bytea: (column) => `case when ${column} is null then sha256('') else set_byte(${column}, 0, get_byte(${column}, 0) # 1) end`,
  text: (column) => `coalesce(${column}, '') || 'x'`,
  ARRAY: (column) => `${column} || 'x'::text`,
  jsonb: (column) => `${column} || '{"upTo": 1}'`,
  'timestamp with time zone': (column) => `coalesce(${column}, now()) + interval '1 ms'`,
};

interface Column {
  table: string;
  column: string;
  type: string;
}

/**
 * Every column of every table that the ledger is made of, as the database itself tells: each one changed in one row. A column, or a table, that nobody
 * has said of what must be found is an error, and so is one that is not there any more.
 */
export async function columnFlips(sql: Sql): Promise<Attack[]> {
  const columns = await sql<Column[]>`
    select c.table_name as table, c.column_name as column, c.data_type as type
    from information_schema.columns c join pg_class t on t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
    where c.table_schema = 'public' and not t.relispartition
      and (t.relkind = 'p' or c.table_name ~ '^(ledger|deployment)_' or c.table_name = any (${sql.array(Object.keys(COLUMN_FINDINGS), 25)}::text[]))
    order by c.table_name, c.ordinal_position`;
  const problems = problemsOf(columns);
  if (problems.length > 0) throw new Error(`of these nobody has said what must be found when they change: ${problems.join(', ')}`);
  return columns.flatMap((column) => {
    const table = COLUMN_FINDINGS[column.table];
    if (table === undefined || 'evidence' in table) return [];
    const given = table.columns[column.column];
    return [flipOf(column, table.row, table.on, Array.isArray(given) ? { finds: given } : (given as ColumnCase))];
  });
}

function problemsOf(columns: readonly Column[]): string[] {
  const known = new Set(
    Object.entries(COLUMN_FINDINGS).flatMap(([table, given]) => ('evidence' in given ? [] : Object.keys(given.columns).map((column) => `${table}.${column}`))),
  );
  const there = new Set(columns.map(({ table, column }) => `${table}.${column}`));
  const unknown = columns.filter(({ table, column }) => {
    const given = COLUMN_FINDINGS[table];
    return given === undefined || (!('evidence' in given) && !known.has(`${table}.${column}`));
  });
  return [...unknown.map(({ table, column }) => `${table}.${column}`), ...[...known].filter((name) => !there.has(name)).map((name) => `${name} (gone)`)];
}

function flipOf({ table, column, type }: Column, row: string, on: Moment | undefined, { set, ...given }: ColumnCase): Attack {
  const changed = set ?? CHANGED[type]?.(column);
  if (changed === undefined) throw new Error(`no other value is known for ${table}.${column} of type ${type}`);
  return {
    name: `${table}.${column} changed`,
    ...(on === undefined ? {} : { on }),
    ...given,
    tamper: ({ sql }) => hit(sql, `update ${table} set ${column} = ${changed} where ${row}`),
  };
}
