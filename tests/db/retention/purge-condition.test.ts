import * as fc from 'fast-check';
import { DAY_MS, isPurgeable, type PurgeRules } from '../../../core/ledger/retention.ts';
import type { Sql } from '../../../db/client.ts';
import { anyHold, anyReduction, anySeq, anyTime } from '../../core/ledger/any-purge.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization } from '../../support/ledger-records.ts';

let database: TestDatabase;
let admin: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  // A zone with a change of clocks, and another way to write dates: neither may matter.
  await admin.unsafe("set timezone = 'Europe/Vienna'; set datestyle = 'German'");
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});

const anyClass = fc.constantFrom(7, 90, 2555);
const anyBody = fc.record({ seq: anySeq, atMs: fc.tuple(anyTime, fc.integer({ min: -1, max: 1 })).map(([time, off]) => time + off), retainDays: anyClass });
const anyStatement: fc.Arbitrary<PurgeRules> = fc.record({
  upTo: anySeq,
  extended: fc.array(fc.record({ beforeSeq: anySeq, days: anyClass }), { maxLength: 3 }),
  reduced: fc.option(anyReduction),
  held: fc.array(anyHold, { maxLength: 2 }),
});
const iso = (ms: number): string => new Date(ms).toISOString();

test('the condition that the database deletes by lets go exactly what the rule of the spec does', async () => {
  await fc.assert(
    fc.asyncProperty(anyStatement, anyTime, fc.array(anyBody, { minLength: 1, maxLength: 30 }), async (statement, asOfMs, bodies) => {
      const gone = new Set<number>();
      for (const days of [7, 90, 2555]) {
        const [row] = await admin<
          { condition: string }[]
        >`select purge_condition(${JSON.stringify(statement)}::text::jsonb, ${iso(asOfMs)}, ${days}, false) as condition`;
        const values = bodies
          .map(({ seq, atMs, retainDays }, index) => `(${index}, ${seq}::bigint, timestamptz '${iso(atMs)}', ${retainDays}::smallint)`)
          .join(', ');
        const rows = await admin.unsafe<{ index: number }[]>(`select b.index from (values ${values}) as b(index, seq, at, retention) where ${row?.condition}`);
        for (const { index } of rows) gone.add(index);
      }
      const due = bodies.flatMap((body, index) => (isPurgeable(body, { ...statement, purgedAtMs: asOfMs }) ? [index] : []));
      expect([...gone].toSorted((a, b) => a - b)).toEqual(due);
    }),
    { numRuns: 150 },
  );
});

test('a partition that is proved to be purgeable holds nothing that has to stay', async () => {
  const org = await addOrganization(database.appSql);
  await admin`insert into retention_version values (${org}, 1)`;
  let proved = 0;
  await fc.assert(
    fc.asyncProperty(anyStatement, anyTime, fc.array(anyBody, { minLength: 1, maxLength: 4 }), async (statement, asOfMs, bodies) => {
      // Mostly due, so that there is something to prove.
      const asOf = asOfMs + 300 * DAY_MS;
      const of = bodies.map((body) => ({ ...body, retainDays: 7 }));
      const found = await admin
        .begin(async (tx) => {
          await tx`
            insert into ledger_prune (org_id, min_index, entry_seq, purged_at, up_to, as_of, version, statement)
            values (${org}, 0, 0, ${iso(asOf)}, ${statement.upTo}, ${iso(asOf)}, 1, ${JSON.stringify(statement)}::text::jsonb)`;
          for (const { seq, atMs } of of)
            await tx`
              insert into audit_records (org_id, seq, retention, at, record_id, body, type, actor) values (${org}, ${seq}, 7, ${iso(atMs)}, gen_random_uuid(), '', '', '')`;
          const [row] = await tx<{ bodies: number | null }[]>`
            select prove_purgeable('audit_records', 7, ${iso(Math.min(...of.map(({ atMs }) => atMs)))}, ${iso(Math.max(...of.map(({ atMs }) => atMs)) + 1)}, null) as bodies`;
          throw Object.assign(new Error('undone'), { bodies: row?.bodies ?? null });
        })
        .catch((error: { bodies?: number | null; message: string }) => {
          if (error.message !== 'undone') throw error;
          return error.bodies ?? null;
        });
      if (found === null) return;
      proved += 1;
      expect(found).toBe(of.length);
      for (const body of of) expect(isPurgeable(body, { ...statement, purgedAtMs: asOf })).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(proved).toBeGreaterThan(5);
});
