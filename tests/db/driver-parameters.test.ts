import type { Sql } from '../../db/client.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, so that what is sent at once is sent one behind the other.
  pool = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  await pool`select 1`;
});
afterAll(async () => {
  await pool.end({ timeout: 1 });
  await database.drop();
});

const said = (statement: Promise<{ who: string }[]>): Promise<string> =>
  statement.then(
    ([row]) => row?.who ?? 'nothing',
    (error: { code?: string; name: string }) => error.code ?? error.name,
  );

/** Not allowed by the types, and what a value from outside may come to all the same. */
const BAD: [string, unknown, string][] = [
  ['undefined', undefined, 'UNDEFINED_VALUE'],
  ['a time that is none', new Date(Number.NaN), 'RangeError'],
  ['more parameters than a statement may have', null, 'MAX_PARAMETERS_EXCEEDED'],
];

describe.each(BAD)('a parameter that cannot be sent, %s,', (_, value, code) => {
  const bad = (sql: Pick<Sql, 'unsafe'>): Promise<{ who: string }[]> =>
    code === 'MAX_PARAMETERS_EXCEEDED'
      ? sql.unsafe('select $1 as who', Array<string>(65_534).fill('x'))
      : sql.unsafe('select $1::timestamptz::text as who', [value as never]);

  test('fails its own statement, and every other one gets its own answer', async () => {
    const answers = await Promise.all([
      said(pool`select 'first' as who, pg_sleep(0.05)::text`),
      said(bad(pool)),
      said(pool`select 'third' as who`),
      said(bad(pool)),
      said(pool`select ${'fifth'} as who`),
    ]);
    expect(answers).toEqual(['first', code, 'third', code, 'fifth']);
    expect(await said(pool`select 'after' as who`)).toBe('after');
  });

  test('fails its transaction, whether it is sent beside another statement or alone', async () => {
    const outcomes = await Promise.all(
      [true, false].map((beside) =>
        said(
          pool.begin(async (tx) => {
            const others = beside ? tx`select 'beside' as who, pg_sleep(0.05)::text`.execute() : undefined;
            const [rows] = await Promise.all([bad(tx), others]);
            return rows;
          }) as Promise<{ who: string }[]>,
        ),
      ),
    );
    expect(outcomes).toEqual([code, code]);
    expect(await said(pool`select 'after' as who`)).toBe('after');
  });
});
