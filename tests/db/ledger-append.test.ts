import { createChainVerifier } from '../../core/ledger/chain.ts';
import type { Sql } from '../../db/client.ts';
import { createCoalescer } from '../../db/coalescer.ts';
import { isDatabaseAway } from '../../db/errors.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import type { LedgerReceipt, LedgerRecord } from '../../db/queries/ledger.ts';
import { readLedgerHead, readSpine } from '../../db/queries/spine.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { startAnswerCuttingProxy } from '../support/answer-cutting-proxy.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditRecord, sha256Hex } from '../support/ledger-records.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const coalescerOn = (sql: Sql) => createCoalescer<LedgerRecord, LedgerReceipt>({ flush: (records) => appendRecords(sql, records), maxBatch: 16 });

describe('ledger_append', () => {
  let database: TestDatabase;
  let sql: Sql;
  let admin: Sql;
  let other: Sql;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
    other = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 4 });
  });

  afterAll(async () => {
    await Promise.all([admin.end({ timeout: 1 }), other.end({ timeout: 1 })]);
    await database.drop();
  });

  const namesInOrder = async (org: string): Promise<string[]> =>
    (await readSpine(sql, { orgId: org, fromSeq: 1 })).map(({ body }) => (JSON.parse(body ?? '{}') as { name: string }).name);

  test('two coalescers in two pools leave no gap and no double in any of several organisations, and every hash stands', async () => {
    const orgs = await Promise.all(range(3).map(() => addOrganization(sql)));
    const [here, there] = [coalescerOn(sql), coalescerOn(other)];
    const receipts = await Promise.all(
      range(300).map(async (at) => {
        const org = orgs[at % orgs.length] ?? '';
        return { org, ...(await (at % 2 === 0 ? here : there)(auditRecord(org, `record-${at}`))) };
      }),
    );
    for (const org of orgs) {
      const seqs = receipts
        .filter((receipt) => receipt.org === org)
        .map(({ seq }) => seq)
        .toSorted((a, b) => a - b);
      expect(seqs).toEqual(range(100).map((at) => at + 1));
      expect(await verifyLedger(sql, org)).toEqual({ orgId: org, entries: 101, purgedBodies: 0, findings: [] });
    }
  });

  test('one batch over several organisations answers in the order of the records and keeps that order in each ledger', async () => {
    const orgs = [await addOrganization(sql), await addOrganization(sql)];
    const records = range(8).map((at) => auditRecord(orgs[at % 2] ?? '', `r${at}`));
    const receipts = await appendRecords(sql, records);
    expect(receipts.map(({ seq }) => seq)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(await namesInOrder(orgs[0] ?? '')).toEqual(['r0', 'r2', 'r4', 'r6']);
    const spine = await readSpine(sql, { orgId: orgs[1] ?? '', fromSeq: 1 });
    expect(spine.map(({ entryHash }) => entryHash)).toEqual([1, 3, 5, 7].map((at) => receipts[at]?.entryHash));
  });

  test('the same record again answers the first receipt and writes nothing', async () => {
    const org = await addOrganization(sql);
    const [first] = await appendRecords(sql, [auditRecord(org, 'once')]);
    const again = await appendRecords(other, [auditRecord(org, 'once'), auditRecord(org, 'next')]);
    expect(first?.existed).toBe(false);
    expect(again[0]).toEqual({ ...first, existed: true });
    expect(again[1]).toMatchObject({ seq: 2, existed: false });
    expect(await readLedgerHead(sql, org)).toMatchObject({ nextSeq: 3 });
  });

  test('a record id with another body is refused with 23505; its neighbours in the batch are written', async () => {
    const org = await addOrganization(sql);
    await appendRecords(sql, [auditRecord(org, 'taken')]);
    const write = createCoalescer<LedgerRecord, LedgerReceipt>({ flush: (records) => appendRecords(sql, records), maxBatch: 64, lanes: 1 });
    const records = range(9).map((at) => (at === 4 ? auditRecord(org, 'taken', 'changed') : auditRecord(org, `r${at}`)));
    const results = await Promise.allSettled(records.map(write));
    expect(results[4]).toMatchObject({ status: 'rejected', reason: { code: '23505' } });
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect(await namesInOrder(org)).toEqual(['taken', 'r0', 'r1', 'r2', 'r3', 'r5', 'r6', 'r7', 'r8']);
    expect(await verifyLedger(sql, org)).toMatchObject({ findings: [] });
  });

  test('one record twice in one batch stands once; both callers get its receipt', async () => {
    const org = await addOrganization(sql);
    const write = coalescerOn(sql);
    const [one, two] = await Promise.all([write(auditRecord(org, 'twin')), write(auditRecord(org, 'twin'))]);
    expect([one.seq, two.seq]).toEqual([1, 1]);
    expect(one.existed).not.toBe(two.existed);
    expect(await readLedgerHead(sql, org)).toMatchObject({ nextSeq: 2 });
  });

  test('an organisation without a ledger refuses the record and leaves no trace in others', async () => {
    const org = await addOrganization(sql);
    await expect(appendRecords(sql, [auditRecord(org, 'fine'), auditRecord('00000000-0000-4000-8000-000000000000', 'lost')])).rejects.toMatchObject({
      code: '23503',
    });
    expect(await readLedgerHead(sql, org)).toMatchObject({ nextSeq: 1 });
  });

  test('answers cut between commit and delivery, then retried, leave every record once', async () => {
    const org = await addOrganization(sql);
    const proxy = await startAnswerCuttingProxy(database.adminUrl, { marker: 'cut-here', times: 12 });
    const shaky = openTestPool({ url: proxy.url, role: 'mg_app', maxConnections: 3 });
    const untilAnswered = async (record: LedgerRecord): Promise<LedgerReceipt & { retries: number }> => {
      for (let retries = 0; ; retries += 1) {
        try {
          const [receipt] = await appendRecords(shaky, [record]);
          if (receipt !== undefined) return { ...receipt, retries };
        } catch (error) {
          if (!isDatabaseAway(error) || retries > 40) throw error;
        }
      }
    };
    try {
      const receipts = await Promise.all(range(40).map((at) => untilAnswered(auditRecord(org, `r${at}`, at % 2 === 0 ? 'cut-here' : 'safe'))));
      expect(proxy.cuts).toBe(12);
      expect(receipts.filter(({ retries }) => retries > 0).length).toBeGreaterThan(0);
      expect(receipts.filter(({ existed }) => existed).length).toBeGreaterThan(0);
      expect(new Set(receipts.map(({ seq }) => seq))).toEqual(new Set(range(40).map((at) => at + 1)));
      expect(await verifyLedger(sql, org)).toMatchObject({ entries: 41, findings: [] });
    } finally {
      await shaky.end({ timeout: 1 });
      await proxy.close();
    }
  });

  test('`at` never goes back, even when the clock does, and holds whole milliseconds', async () => {
    const org = await addOrganization(sql);
    await admin`create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp() - interval '1 hour') $$`;
    try {
      await appendRecords(sql, [auditRecord(org, 'under a clock set back')]);
    } finally {
      await admin`create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp()) $$`;
    }
    await appendRecords(sql, [auditRecord(org, 'later')]);
    const [first, back, later] = await readSpine(sql, { orgId: org, fromSeq: 0 });
    expect(back?.atMs).toBe(first?.atMs);
    expect(later?.atMs).toBeGreaterThanOrEqual(back?.atMs ?? Number.POSITIVE_INFINITY);
    expect(await admin`select 1 from ledger_entry where at <> date_trunc('milliseconds', at)`).toEqual([]);
  });

  test('bodies are hashed as the bytes that were given', async () => {
    const org = await addOrganization(sql);
    const awkward = { text: 'π "quoted" \\ 😀 \u2028 line\nbreak', number: 1e21, nul: 'a\u0000b', empty: '' };
    const record = auditRecord(org, 'awkward', awkward);
    await appendRecords(sql, [record]);
    const rows = await readSpine(sql, { orgId: org, fromSeq: 1 });
    expect(rows[0]).toMatchObject({ body: record.body, bodyHash: sha256Hex(record.body) });
    const verifier = createChainVerifier(org, sha256Hex);
    for (const { body, ...entry } of await readSpine(sql, { orgId: org, fromSeq: 0 })) verifier.add({ org, ...entry }, body ?? undefined);
    expect(verifier.end((await readLedgerHead(sql, org)) ?? { nextSeq: -1, head: '' })).toEqual([]);
  });

  test('each kind of record goes to its own table with its projection', async () => {
    const org = await addOrganization(sql);
    const base = auditRecord(org, 'x');
    const records: LedgerRecord[] = [
      {
        ...base,
        kind: 1,
        id: '00000000-0000-4000-8000-000000000001',
        fields: { eventId: 'e1', eventDigest: 'ab', agentId: 'a', action: 'x', value: 'ALLOW', riskScore: 7, categories: ['Space'] },
      },
      { ...base, kind: 2, id: '00000000-0000-4000-8000-000000000002', fields: { reviewId: 'r1', eventId: 'e1', step: 'approve', actor: 'member:m' } },
      { ...base, kind: 4, id: '00000000-0000-4000-8000-000000000004', fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', detectors: ['act.exec'] } },
    ];
    await appendRecords(sql, records);
    expect(await admin`select seq, risk_score, categories from agent_events where org_id = ${org}`).toEqual([{ seq: 1, risk_score: 7, categories: ['Space'] }]);
    expect(await admin`select seq, step from hitl_decisions where org_id = ${org}`).toEqual([{ seq: 2, step: 'approve' }]);
    expect(await admin`select seq, detectors from policy_violations where org_id = ${org}`).toEqual([{ seq: 3, detectors: ['act.exec'] }]);
  });
});
