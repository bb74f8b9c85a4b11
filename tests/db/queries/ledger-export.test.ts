import type { Sql } from '../../../db/client.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { readExportedBodies, readExportedEntries, readExportedTiles, readExportPin } from '../../../db/queries/ledger-export.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord, settleItem } from '../../support/ledger-records.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let orgId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});
beforeEach(async () => {
  orgId = await addOrganization(sql);
  await appendRecords(
    sql,
    Array.from({ length: 9 }, (_, at) => auditRecord(orgId, `r${at}`, 'x'.repeat(100 * at))),
  );
});

/** Past triggers and policies. */
const tamper = (statement: string): Promise<unknown> =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    const { count } = await tx.unsafe(statement.replaceAll('$org', `'${orgId}'`));
    if (count === 0) throw new Error(`nothing was tampered with: ${statement}`);
  });

const seqs = (rows: readonly { seq: number }[]): number[] => rows.map(({ seq }) => seq);

describe('readExportPin', () => {
  test('says where the ledger stands: nothing signed, nothing purged', async () => {
    const pin = await readExportPin(sql, orgId);
    expect(pin).toMatchObject({ nextSeq: 10, checkpointSize: 0, checkpoint: 0, signedSize: 0, minIndex: 0, anchorHash: null, purgeSeq: null });
    const [last] = await readExportedEntries(sql, { orgId, from: 9, until: 10 });
    expect([pin?.head, pin?.lastAt]).toEqual([last?.hash, last?.at]);
  });

  test('an organisation without a ledger has none', async () => {
    expect(await readExportPin(sql, '00000000-0000-4000-8000-000000000000')).toBeUndefined();
  });
});

describe('readExportedEntries', () => {
  test('entries of the range, in order, and no other organisation’s', async () => {
    await addOrganization(sql);
    expect(seqs(await readExportedEntries(sql, { orgId, from: 3, until: 8 }))).toEqual([3, 4, 5, 6, 7]);
    expect(seqs(await readExportedEntries(sql, { orgId, from: 3, until: 8, limit: 2 }))).toEqual([3, 4]);
  });

  test('what stands behind the head is there to be seen, what is appended is not', async () => {
    await tamper(
      `insert into ledger_entry select org_id, 17, kind, gen_random_uuid(), at, retain_days, body_hash, entry_hash from ledger_entry where org_id = $org and seq = 9`,
    );
    await appendRecords(sql, [auditRecord(orgId, 'later')]);
    expect(seqs(await readExportedEntries(sql, { orgId, from: 8, until: 10 }))).toEqual([8, 9]);
    expect(seqs(await readExportedEntries(sql, { orgId, from: 10, until: 'beyond-head' }))).toEqual([17]);
  });
});

describe('readExportedBodies', () => {
  test('bodies of all kinds by number, with their columns as JSON', async () => {
    const violation = {
      id: crypto.randomUUID(),
      body: '{"v":1}',
      fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', ruleId: null, detectors: ['act.destroy', 'tim.loop'] },
    };
    await settleDecisions(sql, [settleItem(orgId, 'e1', { violations: [violation] })]);
    const bodies = await readExportedBodies(sql, { orgId, from: 9, until: 100 });
    expect(bodies.map(({ seq, kind }) => [seq, kind])).toEqual([
      [9, 3],
      [10, 1],
      [11, 4],
    ]);
    expect(bodies.map(({ fields }) => Object.keys(JSON.parse(fields) as object))).toEqual([
      ['type', 'actor', 'target'],
      ['eventId', 'eventDigest', 'agentId', 'action', 'sessionId', 'value', 'riskScore', 'categories', 'policyVersion', 'ruleId', 'checkpointSize'],
      ['eventId', 'agentId', 'value', 'ruleId', 'detectors'],
    ]);
    expect(JSON.parse(bodies[2]?.fields ?? '')).toEqual(violation.fields);
    expect(bodies[2]).toMatchObject({ id: violation.id, body: '{"v":1}', retain: 90 });
  });

  test('a page ends where it has enough bytes, and goes on behind them', async () => {
    const first = await readExportedBodies(sql, { orgId, from: 0, until: 10, maxBytes: 600 });
    expect(first.length).toBeGreaterThan(1);
    expect(first.length).toBeLessThan(9);
    const rest = await readExportedBodies(sql, { orgId, from: (first.at(-1)?.seq ?? 0) + 1, until: 10 });
    expect(seqs([...first, ...rest])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('one body is never too large for a page', async () => {
    expect(seqs(await readExportedBodies(sql, { orgId, from: 9, until: 10, maxBytes: 1 }))).toEqual([9]);
  });

  test('bodies of one number come together, whatever the size of the page', async () => {
    await tamper(
      `insert into hitl_decisions (org_id, seq, retention, at, record_id, body, review_id, event_id, step, actor)
       select org_id, 4, retention, at, gen_random_uuid(), '{"v":2}', 'r', 'e', 'approve', 'member:m' from audit_records where org_id = $org and seq = 4`,
    );
    expect(seqs(await readExportedBodies(sql, { orgId, from: 0, until: 10, limit: 5 }))).toEqual([0, 1, 2, 3, 4, 4]);
    expect(seqs(await readExportedBodies(sql, { orgId, from: 4, until: 10, maxBytes: 1 }))).toEqual([4, 4]);
  });

  test('a body behind the head is there to be seen', async () => {
    await tamper(
      `insert into audit_records select org_id, 12, retention, at, gen_random_uuid(), body, type, actor, target from audit_records where org_id = $org and seq = 4`,
    );
    expect(seqs(await readExportedBodies(sql, { orgId, from: 0, until: 'beyond-head' }))).toEqual([12]);
  });
});

describe('readExportedTiles', () => {
  test('tiles that are full within the size, and those that nothing signed reaches', async () => {
    await tamper(
      `insert into ledger_tile select $org, t.level, t.idx, sha256(convert_to(t.level || '/' || t.idx, 'UTF8')) from (values (0, 0), (0, 1), (0, 2), (1, 0), (9, 0)) as t(level, idx)`,
    );
    const places = async (size: number, from = { level: 0, index: 0 }) =>
      (await readExportedTiles(sql, { orgId, from, size })).map(({ level, index }) => `${level}/${index}`);
    // Nothing is signed here: every tile is one too many.
    expect(await places(0)).toEqual(['0/0', '0/1', '0/2', '1/0', '9/0']);
    await tamper(`insert into ledger_checkpoint select $org, 1, 768, sha256('x'), 'note', now()`);
    expect(await places(256)).toEqual(['0/0', '1/0', '9/0']);
    expect(await places(767)).toEqual(['0/0', '0/1', '1/0', '9/0']);
    expect(await places(768, { level: 0, index: 2 })).toEqual(['0/2', '1/0', '9/0']);
  });
});
