import { openDatabase } from '../../db/client.ts';
import type { DatabaseOptions, Sql } from '../../db/client.ts';

const within = async <T>(options: Partial<DatabaseOptions>, use: (sql: Sql) => Promise<T>): Promise<T> => {
  const sql = openDatabase({ url: process.env['TEST_ADMIN_DATABASE_URL'] ?? '', maxConnections: 4, connectTimeoutMs: 10_000, ...options });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
};

describe('openDatabase', () => {
  test.each([
    [25, 'text[]', ['a', 'b "c"', '{}', '']],
    [2950, 'uuid[]', ['00000000-0000-4000-8000-000000000001']],
    [21, 'smallint[]', [1, -2]],
  ] as const)('the very first statement of a pool may carry an array of type %i', async (element, type, values) => {
    // The first statements of several connections at once, too.
    const answers = await within({}, (sql) =>
      Promise.all(Array.from({ length: 6 }, () => sql`select ${sql.array([...values], element)}::${sql.unsafe(type)} as values`)),
    );
    for (const [row] of answers) expect(row).toEqual({ values: [...values] });
  });

  test('int8 arrives as a number', async () => {
    expect(await within({}, (sql) => sql`select 9007199254740991::int8 as n, count(*) as c from (values (1), (2)) as v`)).toEqual([
      { n: 9_007_199_254_740_991, c: 2 },
    ]);
  });

  test('an asked-for role is that of every connection from the first statement on', async () => {
    const rows = await within({ role: 'pg_read_all_stats' }, (sql) =>
      Promise.all(Array.from({ length: 8 }, () => sql`select current_user as name, pg_sleep(0.01)`)),
    );
    expect(new Set(rows.map(([row]) => row?.['name']))).toEqual(new Set(['pg_read_all_stats']));
  });

  test('a statement ends after ten seconds at most', async () => {
    expect(await within({}, (sql) => sql`show statement_timeout`)).toEqual([{ statement_timeout: '10s' }]);
  });

  test('an address that does not answer is known within the limit', async () => {
    const startedAt = performance.now();
    // 192.0.2.0/24 is for documentation (RFC 5737): nobody answers there.
    await expect(within({ url: 'postgres://nobody@192.0.2.1:5432/none', connectTimeoutMs: 300 }, (sql) => sql`select 1`)).rejects.toThrow();
    // Half a minute is the driver's own limit.
    expect(performance.now() - startedAt).toBeLessThan(25_000);
  });
});
