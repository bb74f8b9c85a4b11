import type { Sql } from '../../db/client.ts';
import { exportPages, openExport } from '../../db/ledger-export.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditRecord } from '../support/ledger-records.ts';
import { startTestSigner, type TestSigner } from '../support/signed-ledgers.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let signer: TestSigner;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  signer = await startTestSigner(database.adminUrl);
});
afterAll(async () => {
  await signer.stop();
  await admin.end({ timeout: 1 });
  await database.drop();
});

async function ledger(entries: number): Promise<string> {
  const orgId = await addOrganization(sql);
  for (let from = 0; from < entries; from += 500) {
    await appendRecords(
      sql,
      Array.from({ length: Math.min(500, entries - from) }, (_, at) => auditRecord(orgId, `r${from + at}`)),
    );
  }
  return orgId;
}

const open = async (orgId: string) => {
  const exported = await openExport(sql, { orgId, host: 'never-signed.example.com' });
  if (exported === undefined) throw new Error('there is no ledger');
  return exported;
};

async function linesOf(orgId: string, file: 'entries.ndjson' | 'bodies.ndjson' | 'tiles.ndjson', from?: string): Promise<{ seq: number }[]> {
  const { snapshot } = await open(orgId);
  const lines: { seq: number }[] = [];
  for await (const page of exportPages(sql, { orgId, file, snapshot, from })) lines.push(...page.map((line) => JSON.parse(line) as { seq: number }));
  return lines;
}

test('pages follow one another without a gap, from any position', async () => {
  const orgId = await ledger(4_500);
  for (const file of ['entries.ndjson', 'bodies.ndjson'] as const) {
    expect((await linesOf(orgId, file)).map(({ seq }) => seq)).toEqual(Array.from({ length: 4_501 }, (_, seq) => seq));
    expect((await linesOf(orgId, file, '4499')).map(({ seq }) => seq)).toEqual([4_499, 4_500]);
  }
});

test('tiles come by level and index, those of the newest checkpoint and no others', async () => {
  const orgId = await ledger(1_100);
  expect(await linesOf(orgId, 'tiles.ndjson')).toEqual([]);
  await signer.sign();
  expect(await linesOf(orgId, 'tiles.ndjson')).toMatchObject([0, 1, 2, 3].map((index) => ({ level: 0, index })));
  expect(await linesOf(orgId, 'tiles.ndjson', '0/2')).toHaveLength(2);
});

test('a log is named by its keys; before there are any, by the product', async () => {
  const fresh = await createTestDatabase();
  try {
    const orgId = await addOrganization(fresh.appSql);
    const exported = await openExport(fresh.appSql, { orgId, host: 'never-signed.example.com' });
    expect(exported).toMatchObject({ header: { origin: `never-signed.example.com/mg/org/${orgId}` }, keys: { vkeys: [] }, deployment: null });
  } finally {
    await fresh.drop();
  }
  const orgId = await addOrganization(sql);
  const { header, keys } = await open(orgId);
  expect(header.origin).toBe(`ledger.example.com/mg/org/${orgId}`);
  expect(keys.vkeys.find(({ use }) => use === 'log')?.vkey).toMatch(new RegExp(`^ledger\\.example\\.com/mg/org/${orgId}\\+`));
});

test('an export begins where the newest purge says, though what is below is not gone yet', async () => {
  const orgId = await ledger(600);
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into ledger_prune (org_id, min_index, anchor_hash, entry_seq, purged_at, up_to, as_of, version, statement)
      select ${orgId}, 256, entry_hash, 600, now(), 300, now(), 0, '{}' from ledger_entry where org_id = ${orgId} and seq = 255`;
  });
  const { header, snapshot } = await open(orgId);
  expect([header.minIndex, snapshot.purge]).toEqual([256, 600]);
  expect((await linesOf(orgId, 'entries.ndjson'))[0]?.seq).toBe(256);
  expect((await linesOf(orgId, 'bodies.ndjson', '100'))[0]?.seq).toBe(256);
});

test('an organisation without a ledger has no export', async () => {
  expect(await openExport(sql, { orgId: '00000000-0000-4000-8000-000000000000', host: 'x' })).toBeUndefined();
});
