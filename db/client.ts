import postgres from 'postgres';

export type Sql = postgres.Sql<{ bigint: number }>;
export type TransactionSql = postgres.TransactionSql<{ bigint: number }>;

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** Role to act as from the first statement on, where the URL's own user is not it. */
  role?: string;
  maxConnections?: number;
  applicationName?: string;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
}

/** The array type of each element type that `sql.array` is given: int2, text, uuid. */
const ARRAY_OF = { 21: 1005, 25: 1009, 2950: 2951 };

/**
 * Opens a pool. `int8` arrives as number: sequence numbers and counts stay far below 2^53.
 * `connectTimeoutMs` is short so that a request learns within a second that the database is away.
 */
export function openDatabase({
  url,
  role,
  maxConnections = 10,
  applicationName = 'mastguard',
  connectTimeoutMs = 1_000,
  statementTimeoutMs = 10_000,
}: DatabaseOptions): Sql {
  const sql = postgres(url, {
    max: maxConnections,
    connect_timeout: connectTimeoutMs / 1_000,
    // The driver's own back-off grows to 20 s; a database that is back must be found at once.
    backoff: (retries) => Math.min(0.05 * 2 ** retries, 0.5),
    onnotice: () => undefined,
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
    connection: {
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      ...(role === undefined ? {} : { role }),
    },
  });
  // The driver learns array types in a query of its own, a microtask too late for the first statement of a pool, which would then fail.
  Object.assign((sql.options as unknown as { shared: { typeArrayMap: Record<number, number> } }).shared.typeArrayMap, ARRAY_OF);
  return sql;
}
